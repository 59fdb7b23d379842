"""File formats: text, JSON lines, tab-separated values, Parquet. The output has the format of the input."""

import codecs
import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from components.corpus.files import CHUNK, open_raw, shrunk
from components.errors import InputError
from components.serving.translation import Translation

# Endings of files that are neither text, a row a line, nor in one of the formats here.
_OTHERS = re.compile(
    r"\.(arrow|avro|csv|db|docx?|epub|feather|html?|json|np[yz]|od[st]|orc|pdf|pkl|po|pptx?|rtf|sgml?|sqlite|srt|tar"
    r"|tfrecord|tmx|toml|vtt|xhtml|xlf|xliff|xlsx?|xml|ya?ml)"
)
_COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".zip", ".7z")
_VALID = "text (.txt, no ending, or a language's such as .en), .tsv, .jsonl, .parquet"
_TRANSLATION, _ALTERNATIVES = "translation", "alternatives"
_ALTERNATIVES_TYPE = pa.list_(pa.struct([("translation", pa.string()), ("score", pa.float64())]))


@dataclass(frozen=True)
class RowRange:
    """Some consecutive rows of a file: what one worker reads, translates and writes at once.

    ``first_row`` counts from 1. ``offset`` is where the reader finds them: bytes from the file's beginning, or the
    number of a row group.
    """

    index: int
    first_row: int
    count: int
    offset: int


@dataclass(frozen=True)
class Row:
    """A row as it was read; ``number`` counts from 1.

    ``fault`` says why it cannot be translated; it is empty if it can. ``content`` is the rest of the row, in types that
    JSON knows.
    """

    number: int
    content: Any
    text: str = ""
    fault: str = ""


class Format(Protocol):
    """How a kind of file is divided into ranges, read, written and merged. Instances are picklable.

    What is read may be on any file system that Beam knows; what is written is on this machine.
    """

    def ranges(self, source: str, count: int) -> Iterator[RowRange]:
        """The file in ranges of ``count`` rows, the last one of fewer; at least one."""
        ...

    def read(self, source: str, rows: RowRange) -> list[Row]:
        """The rows of a range; those that cannot be parsed have a fault."""
        ...

    def write(self, source: str, rows: RowRange, found: Sequence[Translation | None], target: Path) -> None:
        """Writes a range of the output: the rows of the same range of the input with their translations, if any."""
        ...

    def merge(self, written: Iterable[Path], path: Path) -> None:
        """Writes the ranges of the output, in this order, into one file."""
        ...


class Lines:
    """Files with a row a line (UTF-8); only ``\\n`` ends a line. This class: plain text.

    A byte order mark at the beginning belongs to no row.
    """

    def __init__(self, n_best: int):
        self._n_best = n_best

    def ranges(self, source: str, count: int) -> Iterator[RowRange]:
        index = lines = 0
        with _opened(source) as file:
            offset = end = len(codecs.BOM_UTF8) if file.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8 else 0
            file.seek(offset)
            for line in file:
                lines, end = lines + 1, end + len(line)
                if lines == count:
                    yield RowRange(index, index * count + 1, lines, offset)
                    index, lines, offset = index + 1, 0, end
        if lines or not index:
            yield RowRange(index, index * count + 1, lines, offset)

    def read(self, source: str, rows: RowRange) -> list[Row]:
        with _opened(source) as file:
            file.seek(rows.offset)
            lines = [file.readline() for _ in range(rows.count)]
        if b"" in lines:
            raise shrunk(source)
        return [self._row(rows.first_row + index, line.removesuffix(b"\n")) for index, line in enumerate(lines)]

    def write(self, source: str, rows: RowRange, found: Sequence[Translation | None], target: Path) -> None:
        with open(target, "w", encoding="utf-8", newline="\n") as file:
            for row, translation in zip(self.read(source, rows), found, strict=True):
                file.writelines(f"{line}\n" for line in self._lines(row, translation))

    def merge(self, written: Iterable[Path], path: Path) -> None:
        with open(path, "wb") as merged:
            for part in written:
                merged.write(part.read_bytes())

    def _row(self, number: int, line: bytes) -> Row:
        try:
            return self._parsed(number, line.decode("utf-8"))
        except UnicodeDecodeError as error:
            readable = line.decode("utf-8", "replace")
            return Row(number, readable, fault=f"is not UTF-8 (byte 0x{line[error.start]:02x} at {error.start + 1})")

    def _parsed(self, number: int, line: str) -> Row:
        return Row(number, line, line)

    def _lines(self, row: Row, translation: Translation | None) -> list[str]:
        """The lines for a row. A row that failed leaves an empty line: line n belongs to line n.

        With several translations, Moses' n-best list: line from 0, text, score, between triple bars.
        """
        if self._n_best == 1:
            return [translation.text if translation else ""]
        number = row.number - 1
        hypotheses = translation.hypotheses if translation else ()
        return [f"{number} ||| {found.text} ||| {found.score:.4f}" for found in hypotheses]


class TabSeparated(Lines):
    """The text is the first column; the translations become further columns at the end."""

    def _parsed(self, number: int, line: str) -> Row:
        return Row(number, line, line.removesuffix("\r").split("\t")[0])

    def _lines(self, row: Row, translation: Translation | None) -> list[str]:
        if not translation:
            return []
        # A tab within a translation would be a column of its own.
        texts = [found.text.replace("\t", " ") for found in translation.hypotheses]
        return ["\t".join([row.content.removesuffix("\r"), *texts])]


class JsonLines(Lines):
    """Objects with the text in the field ``text``, or in one named after the source language.

    They come out with ``translation``, and ``alternatives`` if there are to be several.
    """

    def __init__(self, n_best: int, language: str):
        super().__init__(n_best)
        self._fields = ("text", language)

    def _parsed(self, number: int, line: str) -> Row:
        document: Any = None
        with suppress(ValueError, RecursionError):
            document = json.loads(line)
        if not isinstance(document, dict):
            return Row(number, line, fault="is no JSON object")
        text = next((document[field] for field in self._fields if field in document), None)
        if not isinstance(text, str):
            return Row(number, line, fault=f"has no field {' or '.join(self._fields)} with a text")
        return Row(number, document, text)

    def _lines(self, row: Row, translation: Translation | None) -> list[str]:
        if not translation:
            return []
        document = {**row.content, "translation": translation.text}
        if self._n_best > 1:
            document["alternatives"] = translation.alternatives()
        # Escapes keep what JSON can say and UTF-8 cannot: half of a surrogate pair in some other field.
        text = json.dumps(document, ensure_ascii=False)
        return [text if text.isascii() or _is_utf8(text) else json.dumps(document)]


def _opened(source: str) -> BufferedReader:
    """The file, buffered: remote ones would read a line byte by byte."""
    return BufferedReader(open_raw(source), CHUNK)  # type: ignore[arg-type]


def _is_utf8(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


class Parquet:
    """The text is in the column ``text``, or in one named after the source language."""

    def __init__(self, n_best: int, language: str):
        self._n_best = n_best
        self._columns = ("text", language)

    def ranges(self, source: str, count: int) -> Iterator[RowRange]:
        """A range lies within one row group; ``offset`` is the group's number."""
        try:
            file = pq.ParquetFile(open_raw(source))
        except pa.ArrowInvalid as error:
            raise InputError(f"input: {source} is no Parquet file: {error}") from None
        self._column(source, file.schema_arrow)
        first_row, index = 1, 0
        for group in range(file.num_row_groups):
            in_group = file.metadata.row_group(group).num_rows
            for begin in range(0, in_group, count):
                yield RowRange(index, first_row + begin, min(count, in_group - begin), group)
                index += 1
            first_row += in_group
        if not index:
            yield RowRange(0, 1, 0, 0)

    def read(self, source: str, rows: RowRange) -> list[Row]:
        file = pq.ParquetFile(open_raw(source))
        column = self._column(source, file.schema_arrow)
        texts = _table(file, rows, [column]).column(column).to_pylist()
        return [
            Row(rows.first_row + index, text, text or "", "" if text is not None else "has no text")
            for index, text in enumerate(texts)
        ]

    def write(self, source: str, rows: RowRange, found: Sequence[Translation | None], target: Path) -> None:
        """Rows that failed have a null in the new columns."""
        table = _table(pq.ParquetFile(open_raw(source)), rows)
        texts = [translation.text if translation else None for translation in found]
        table = table.append_column(_TRANSLATION, pa.array(texts, pa.string()))
        if self._n_best > 1:
            lists = [translation.alternatives() if translation else None for translation in found]
            table = table.append_column(_ALTERNATIVES, pa.array(lists, _ALTERNATIVES_TYPE))
        pq.write_table(table, target)

    def merge(self, written: Iterable[Path], path: Path) -> None:
        writer = None
        try:
            for part in written:
                table = pq.read_table(part)
                writer = writer or pq.ParquetWriter(path, table.schema)
                writer.write_table(table)
        finally:
            if writer:
                writer.close()

    def _column(self, source: str, schema: pa.Schema) -> str:
        for name in self._columns:
            if name in schema.names:
                kind = schema.field(name).type
                if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
                    raise InputError(f"input: the column {name} of {source} holds {kind}, must be string")
                if {_TRANSLATION, _ALTERNATIVES} & set(schema.names):
                    raise InputError(f"input: {source} has a column {_TRANSLATION} or {_ALTERNATIVES} already")
                return name
        found, wanted = ", ".join(schema.names), " or ".join(self._columns)
        raise InputError(f"input: {source} has the columns {found}, must have {wanted} with the text")


def _table(file: pq.ParquetFile, rows: RowRange, columns: list[str] | None = None) -> pa.Table:
    """The rows of a range, with all columns or with some."""
    if not rows.count:
        return file.schema_arrow.empty_table()
    before = sum(file.metadata.row_group(group).num_rows for group in range(rows.offset))
    return file.read_row_group(rows.offset, columns).slice(rows.first_row - 1 - before, rows.count)


def ending_of(path: str) -> str:
    """The ending that says a file's format, such as ``.jsonl``; empty if it has none."""
    return os.path.splitext(path)[1].lower()


def check_endings(source: str, target: str) -> None:
    """Raises InputError if an ending says another format or compression, or if the two do not match."""
    for path, name in ((source, "input"), (target, "output")):
        ending = ending_of(path)
        if ending in _COMPRESSED:
            raise InputError(f"{name}: {path} is compressed; valid: {_VALID}, not compressed")
        if _OTHERS.fullmatch(ending):
            raise InputError(f"{name}: {path} ends in {ending}, which is another format; valid: {_VALID}")
    ending, other = ending_of(source), ending_of(target)
    if {".jsonl", ".tsv", ".parquet"} & {ending, other} and ending != other:
        raise InputError(f"output: {target} must end in {ending or 'something else'} as the input does")


def format_of(source: str, n_best: int, language: str) -> Format:
    """The format of a file by its name; what is none of the others is text."""
    formats: dict[str, Format] = {
        ".jsonl": JsonLines(n_best, language),
        ".tsv": TabSeparated(n_best),
        ".parquet": Parquet(n_best, language),
    }
    return formats.get(ending_of(source), Lines(n_best))
