"""File formats: text, JSON lines, tab-separated values, Parquet. The same goes out as came in."""

import codecs
import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from io import BufferedReader
from pathlib import Path
from typing import Any, Protocol

from components.corpus.files import CHUNK, open_raw, shrunk
from components.errors import InputError
from components.serving.translation import Translation
from components.translation.parquet import Parquet
from components.translation.rows import Part, Row

# Endings that say what a file is, where that is neither text, a row a line, nor one of the formats here.
_OTHERS = re.compile(
    r"\.(arrow|avro|csv|db|docx?|epub|feather|html?|json|np[yz]|od[st]|orc|pdf|pkl|po|pptx?|rtf|sgml?|sqlite|srt|tar"
    r"|tfrecord|tmx|toml|vtt|xhtml|xlf|xliff|xlsx?|xml|ya?ml)"
)
_COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".zip", ".7z")
_VALID = "text (.txt, no ending, or a language's such as .en), .tsv, .jsonl, .parquet"


class Format(Protocol):
    """How a kind of file is cut into parts, read, written and put together. Instances are plain, picklable values.

    What is read may be on any file system that Beam knows; what is written is on this machine.
    """

    def parts(self, source: str, rows: int) -> Iterator[Part]:
        """The file in parts of ``rows`` rows, the last one of fewer; at least one."""
        ...

    def read(self, source: str, part: Part) -> list[Row]:
        """The rows of a part; those that cannot be understood have a fault."""
        ...

    def write(self, source: str, part: Part, found: Sequence[Translation | None], target: Path) -> None:
        """Writes a part of the output: the rows of the same part of the input with their translations, if any."""
        ...

    def merge(self, parts: Iterable[Path], path: Path) -> None:
        """Writes the parts of the output, in this order, into one file."""
        ...


class Lines:
    """Files with a row a line (UTF-8); only ``\\n`` ends a line. This one: nothing but text.

    A byte order mark at the beginning belongs to no row.
    """

    def __init__(self, n_best: int):
        self._n_best = n_best

    def parts(self, source: str, rows: int) -> Iterator[Part]:
        index = lines = 0
        with _opened(source) as file:
            offset = end = len(codecs.BOM_UTF8) if file.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8 else 0
            file.seek(offset)
            for line in file:
                lines, end = lines + 1, end + len(line)
                if lines == rows:
                    yield Part(index, index * rows + 1, lines, offset)
                    index, lines, offset = index + 1, 0, end
        if lines or not index:
            yield Part(index, index * rows + 1, lines, offset)

    def read(self, source: str, part: Part) -> list[Row]:
        with _opened(source) as file:
            file.seek(part.offset)
            lines = [file.readline() for _ in range(part.rows)]
        if b"" in lines:
            raise shrunk(source)
        return [self._row(part.first_row + index, line.removesuffix(b"\n")) for index, line in enumerate(lines)]

    def write(self, source: str, part: Part, found: Sequence[Translation | None], target: Path) -> None:
        with open(target, "w", encoding="utf-8", newline="\n") as file:
            for row, translation in zip(self.read(source, part), found, strict=True):
                file.writelines(f"{line}\n" for line in self._lines(row, translation))

    def merge(self, parts: Iterable[Path], path: Path) -> None:
        with open(path, "wb") as merged:
            for part in parts:
                merged.write(part.read_bytes())

    def _row(self, number: int, line: bytes) -> Row:
        try:
            return self._parsed(number, line.decode("utf-8"))
        except UnicodeDecodeError as error:
            # `content` goes into the file of failures: what can be shown of the line.
            shown = line.decode("utf-8", "replace")
            return Row(number, shown, fault=f"is not UTF-8 (byte 0x{line[error.start]:02x} at {error.start + 1})")

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
    """The file, with lines at its own speed: remote ones give a line byte by byte."""
    return BufferedReader(open_raw(source), CHUNK)  # type: ignore[arg-type]


def _is_utf8(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def ending_of(path: str) -> str:
    """What a file's name says of its format: ``.jsonl``; empty if nothing."""
    return os.path.splitext(path)[1].lower()


def check_endings(source: str, target: str) -> None:
    """Looks what the names say.

    Raises:
        InputError: if one says that the file is something else or compressed, or if the two do not fit.
    """
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
