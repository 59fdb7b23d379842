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
from components.translation.tasks import Columns, Task

# Endings of files that are neither text, a row a line, nor in one of the formats here.
_OTHERS = re.compile(
    r"\.(arrow|avro|csv|db|docx?|epub|feather|html?|json|np[yz]|od[st]|orc|pdf|pkl|po|pptx?|rtf|sgml?|sqlite|srt|tar"
    r"|tfrecord|tmx|toml|vtt|xhtml|xlf|xliff|xlsx?|xml|ya?ml)"
)
_COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".zip", ".7z")
_VALID = "text (.txt, no ending, or a language's such as .en), .tsv, .jsonl, .parquet"


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

    ``texts`` are those that the task reads. ``fault`` says why there are none; it is empty if there are. ``content`` is
    the rest of the row, in types that JSON knows.
    """

    number: int
    content: Any
    texts: tuple[str, ...] = ()
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

    def write(self, source: str, rows: RowRange, found: Sequence[Any | None], target: Path) -> None:
        """Writes a range of the output: the rows of the same range of the input with the task's results, if any."""
        ...

    def merge(self, written: Iterable[Path], path: Path) -> None:
        """Writes the ranges of the output, in this order, into one file."""
        ...


class Lines:
    """Files with a row a line (UTF-8); only ``\\n`` ends a line. This class: plain text.

    A byte order mark at the beginning belongs to no row.
    """

    def __init__(self, task: Task, columns: Columns):
        self._task = task
        self._columns = columns

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

    def write(self, source: str, rows: RowRange, found: Sequence[Any | None], target: Path) -> None:
        with open(target, "w", encoding="utf-8", newline="\n") as file:
            for row, result in zip(self.read(source, rows), found, strict=True):
                file.writelines(f"{line}\n" for line in self._lines(row, result))

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
        return Row(number, line, (line,))

    def _lines(self, row: Row, result: Any | None) -> list[str]:
        """The lines for a row."""
        return self._task.lines(row.number, result)


class TabSeparated(Lines):
    """The texts are the first columns; the results become further columns at the end."""

    def _parsed(self, number: int, line: str) -> Row:
        texts, wanted = line.removesuffix("\r").split("\t"), len(self._columns)
        if len(texts) < wanted:
            names = ", ".join(names[0] for names in self._columns)
            return Row(number, line, fault=f"has {len(texts)} column, must have {wanted}: {names}")
        return Row(number, line, tuple(texts[:wanted]))

    def _lines(self, row: Row, result: Any | None) -> list[str]:
        return ["\t".join([row.content.removesuffix("\r"), *self._task.cells(result)])] if result else []


class JsonLines(Lines):
    """Objects with the texts in fields of the task's names. They come out with further fields."""

    def _parsed(self, number: int, line: str) -> Row:
        document: Any = None
        with suppress(ValueError, RecursionError):
            document = json.loads(line)
        if not isinstance(document, dict):
            return Row(number, line, fault="is no JSON object")
        texts = []
        for names in self._columns:
            text = next((document[name] for name in names if name in document), None)
            if not isinstance(text, str):
                return Row(number, line, fault=f"has no field {' or '.join(names)} with a text")
            texts.append(text)
        return Row(number, document, tuple(texts))

    def _lines(self, row: Row, result: Any | None) -> list[str]:
        if not result:
            return []
        document = {**row.content, **self._task.values(result)}
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
    """The texts are in columns of the task's names; the results become further columns."""

    def __init__(self, task: Task, columns: Columns):
        self._task = task
        self._columns = columns

    def ranges(self, source: str, count: int) -> Iterator[RowRange]:
        """A range lies within one row group; ``offset`` is the group's number."""
        try:
            file = pq.ParquetFile(open_raw(source))
        except pa.ArrowInvalid as error:
            raise InputError(f"input: {source} is no Parquet file: {error}") from None
        self._names(source, file.schema_arrow)
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
        names = self._names(source, file.schema_arrow)
        columns = _table(file, rows, names).select(names).to_pydict().values()
        return [
            Row(rows.first_row + index, None, fault="has no text")
            if None in texts
            else Row(rows.first_row + index, texts[0] if len(texts) == 1 else list(texts), texts)
            for index, texts in enumerate(zip(*columns, strict=True))
        ]

    def write(self, source: str, rows: RowRange, found: Sequence[Any | None], target: Path) -> None:
        """Rows that failed have a null in the new columns."""
        table = _table(pq.ParquetFile(open_raw(source)), rows)
        values = [self._task.values(result) if result else {} for result in found]
        for field in self._task.schema:
            table = table.append_column(field, pa.array([row.get(field.name) for row in values], field.type))
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

    def _names(self, source: str, schema: pa.Schema) -> list[str]:
        """Of the columns with the texts."""
        if taken := [name for name in self._task.schema.names if name in schema.names]:
            raise InputError(f"input: {source} has a column {taken[0]} already")
        names = []
        for wanted in self._columns:
            name = next((name for name in wanted if name in schema.names), None)
            if name is None:
                found = ", ".join(schema.names)
                raise InputError(
                    f"input: {source} has the columns {found}, must have {' or '.join(wanted)} with the text"
                )
            kind = schema.field(name).type
            if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
                raise InputError(f"input: the column {name} of {source} holds {kind}, must be string")
            names.append(name)
        return names


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


def format_of(source: str, task: Task, languages: tuple[str, str]) -> Format:
    """The format of a file by its name; what is none of the others is text.

    Raises:
        InputError: if a line of text has no room for what the task says of it.
    """
    kinds: dict[str, type[Lines | Parquet]] = {".jsonl": JsonLines, ".tsv": TabSeparated, ".parquet": Parquet}
    kind = kinds.get(ending_of(source), Lines)
    if kind is Lines and not task.fits_text:
        raise InputError(f"input: found {source}, a line a text; to {task.name}, must be {', '.join(kinds)}")
    return kind(task, task.columns(languages))
