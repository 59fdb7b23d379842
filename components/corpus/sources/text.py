"""Text files with a pair a line: aligned ones, tab-separated ones, and JSON lines.

Plain files are read in ranges, several at once. Compressed ones can only be read from the beginning, but
that is a small part of the work: several workers do it, and each of them keeps its share (its stripe) of the blocks.
"""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from components.corpus.blocks import BLOCK_BYTES, BLOCK_PAIRS, raw_block, spread
from components.corpus.files import (
    STRIDE,
    STRIPES,
    check_file,
    file_digest,
    file_size,
    is_gzip,
    line_arrays,
    scan,
    shrunk,
)
from components.corpus.sources.source import Range
from components.errors import InputError

# Reasons for which a line is no pair.
NO_TAB, NO_JSON_PAIR = "no_tab", "no_json_pair"
_IGNORED_COLUMN = "_"
_TRANSLATION = "translation"
# If none of so many lines at the beginning is a pair, the file is no corpus.
_JSON_LINES_CHECKED = 100


@dataclass(frozen=True)
class _Start:
    """From byte ``offsets[i]`` of file i on; every ``STRIPES``-th block from ``stripe`` on, if that is set."""

    offsets: tuple[int, ...]
    stripe: int | None = None


@dataclass(frozen=True)
class TextSource(ABC):
    """One file, or several side by side, whose n-th lines are the n-th pair."""

    name: str

    @property
    @abstractmethod
    def paths(self) -> tuple[str, ...]:
        """The files."""

    @abstractmethod
    def block(self, first_line: int, *lines: pa.Array) -> pa.RecordBatch:
        """Consecutive lines of each file (binary, shape [n]) as a block of schema ``blocks.RAW``, line by line."""

    def check(self) -> None:
        for path in self.paths:
            check_file(path)

    def digest(self) -> str:
        return " ".join(map(file_digest, self.paths))

    def size(self) -> int:
        return sum(map(file_size, self.paths))

    def ranges(self) -> list[Range]:
        if any(map(is_gzip, self.paths)):
            whole = _Start((0,) * len(self.paths))
            return [Range(self.name, _Start(whole.offsets, stripe), whole=whole) for stripe in range(STRIPES)]
        scans = [scan(path) for path in self.paths]
        return [
            Range(self.name, _Start(offsets), number * STRIDE + 1, scans[0].lines_from(number))
            for number, offsets in enumerate(zip(*(scanned.starts for scanned in scans), strict=True))
        ]

    def read(self, range_: Range) -> Iterator[pa.RecordBatch]:
        start: _Start = range_.start
        files = [_Lines(path, offset) for path, offset in zip(self.paths, start.offsets, strict=True)]
        number = done = 0
        while range_.lines is None or done < range_.lines:
            wanted = BLOCK_PAIRS if range_.lines is None else min(BLOCK_PAIRS, range_.lines - done)
            wanted = min(spread(partial(_Lines.available, wanted=wanted), files))
            if not wanted:
                break
            lines = [file.take(wanted) for file in files]
            if start.stripe is None or number % STRIPES == start.stripe:
                yield self.block(range_.first_line + done, *lines)
            number, done = number + 1, done + wanted
        if range_.lines is None:
            if any(file.available(1) for file in files):
                raise self._unaligned([done + file.remaining() for file in files])
        elif done < range_.lines:
            ended = next(path for path, file in zip(self.paths, files, strict=True) if not file.available(1))
            raise shrunk(ended)

    def _unaligned(self, lines: list[int]) -> InputError:
        counts = ", ".join(f"{path} has {count} lines" for path, count in zip(self.paths, lines, strict=True))
        return InputError(f"{self.name} is not aligned: {counts}")


class _Lines:
    """The lines of a file, as many at a time as one likes."""

    def __init__(self, path: str, offset: int):
        self._arrays = line_arrays(path, offset)
        self._pending: list[pa.Array] = []

    def available(self, wanted: int) -> int:
        """How many of ``wanted`` lines can be taken at once: fewer at the file's end, or when they are very long."""
        while (lines := sum(map(len, self._pending))) < wanted:
            if lines and sum(array.nbytes for array in self._pending) >= BLOCK_BYTES:
                return lines
            if (array := next(self._arrays, None)) is None:
                return lines
            self._pending.append(array)
        return wanted

    def take(self, lines: int) -> pa.Array:
        """The next lines; there must be as many."""
        pending = pa.chunked_array(self._pending, pa.binary())
        taken, rest = pending.slice(0, lines), pending.slice(lines)
        self._pending = [chunk for chunk in rest.chunks if len(chunk)]
        return pa.concat_arrays(taken.chunks)

    def remaining(self) -> int:
        """How many lines are left; reads to the end."""
        return sum(map(len, self._pending)) + sum(map(len, self._arrays))


@dataclass(frozen=True)
class AlignedFiles(TextSource):
    """``PATH.{en,fr}[.gz]``: line n of one file is the translation of line n of the other."""

    source_path: str
    target_path: str

    @classmethod
    def open(
        cls, path: str, before: str, first: str, second: str, after: str, languages: tuple[str, str]
    ) -> "AlignedFiles":
        """The files that ``path`` names; its braces hold the two languages, in any order.

        Raises:
            InputError: if they hold something else.
        """
        if {first, second} != set(languages):
            raise InputError(
                f"found {path!r}, the braces must hold source_language and target_language: {{{','.join(languages)}}}"
            )
        return cls(path, *(before + language + after for language in languages))

    @property
    def paths(self) -> tuple[str, str]:
        return self.source_path, self.target_path

    def check(self) -> None:
        try:
            super().check()
        except InputError as error:
            raise InputError(f"{self.name}: {error}") from None
        lines = [found for path in self.paths if (found := scan(path).lines) is not None]
        if len(lines) == len(self.paths) and len(set(lines)) > 1:
            raise self._unaligned(lines)

    def block(self, first_line: int, *lines: pa.Array) -> pa.RecordBatch:
        return raw_block(first_line, *lines)


@dataclass(frozen=True)
class SeparatedFile(TextSource):
    """``PATH.tsv[.gz][:COLUMNS]`` and ``PATH.txt[.gz][:COLUMNS]``: columns separated by tabs.

    ``columns`` are the numbers of the source's and the target's, from 0.
    """

    columns: tuple[int, int]

    @classmethod
    def open(cls, path: str, columns: str | None, languages: tuple[str, str]) -> "SeparatedFile":
        """The file at ``path``.

        Args:
            path: of the file.
            columns: the columns by language, separated by commas, ``_`` for each that is not read: ``_,en,_,fr``. None,
                as Tatoeba and ManyThings write their files: the two languages are the first two columns, English the
                first if it is one of them, in whichever direction it is translated, otherwise the source.
            languages: of source and target.

        Raises:
            InputError: if ``columns`` are not those of the two languages.
        """
        source, target = languages
        if columns is None:
            target_first = _is_english(target) and not _is_english(source)
            return cls(path, (1, 0) if target_first else (0, 1))
        names = columns.split(",")
        if sorted(name for name in names if name != _IGNORED_COLUMN) != sorted(languages):
            raise InputError(
                f"found {f'{path}:{columns}'!r}, the columns must be {source} and {target}, in their order in the"
                f" file, with {_IGNORED_COLUMN} for each that is not read: PATH.tsv:{source},{target}"
            )
        return cls(path, (names.index(source), names.index(target)))

    @property
    def paths(self) -> tuple[str]:
        return (self.name,)

    def digest(self) -> str:
        return f"{super().digest()} {self.columns}"

    def block(self, first_line: int, *lines: pa.Array) -> pa.RecordBatch:
        (text,) = lines
        needed = max(self.columns) + 1
        columns = pc.split_pattern(text, "\t", max_splits=needed)
        whole = pc.greater_equal(pc.list_value_length(columns), needed)
        if pc.all(whole).as_py():
            return raw_block(first_line, *(pc.list_element(columns, column) for column in self.columns))
        # A line with too few columns is kept as it is, as the source, for `rejected/`.
        padded = pc.if_else(whole, text, pa.scalar(b"\t" * needed, pa.binary()))
        columns = pc.split_pattern(padded, "\t", max_splits=needed)
        source, target = (pc.list_element(columns, column) for column in self.columns)
        fault = pc.if_else(whole, pa.scalar(None, pa.string()), NO_TAB)
        return raw_block(first_line, pc.if_else(whole, source, text), target, fault=fault)


def _is_english(language: str) -> bool:
    return re.split("[-_]", language.lower())[0] == "en"


@dataclass(frozen=True)
class JsonLines(TextSource):
    """``PATH.jsonl[.gz]``: an object a line, ``{"en": …, "fr": …}`` or ``{"translation": {"en": …, "fr": …}}``.

    A line that is no UTF-8 is passed on as the source, and rejected for that (``not_utf8``).
    """

    languages: tuple[str, str]

    @classmethod
    def open(cls, path: str, languages: tuple[str, str]) -> "JsonLines":
        return cls(path, languages)

    @property
    def paths(self) -> tuple[str]:
        return (self.name,)

    def check(self) -> None:
        super().check()
        first = next(line_arrays(self.name), pa.array([], pa.binary()))[:_JSON_LINES_CHECKED].to_pylist()
        if first and all(self._pair(line) is None for line in first):
            source, target = self.languages
            lines = f"line 1 to {len(first)}: each" if len(first) > 1 else "line 1:"
            raise InputError(
                f"{self.name}, {lines} must be an object with texts under {source!r} and {target!r}, or with an object"
                f" that has them under {_TRANSLATION!r}"
            )

    def block(self, first_line: int, *lines: pa.Array) -> pa.RecordBatch:
        texts = lines[0].to_pylist()
        pairs = [self._pair(text) for text in texts]
        # A line that is no pair is kept as it is, as the source, for `rejected/`.
        sources = [text if pair is None else pair[0] for text, pair in zip(texts, pairs, strict=True)]
        targets = [b"" if pair is None else pair[1] for pair in pairs]
        fault = pa.array([NO_JSON_PAIR if pair is None else None for pair in pairs], pa.string())
        return raw_block(first_line, pa.array(sources, pa.binary()), pa.array(targets, pa.binary()), fault=fault)

    def _pair(self, line: bytes) -> tuple[bytes, bytes] | None:
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            return line, b""
        try:
            document = json.loads(text)
            document = document.get(_TRANSLATION, document)
            source, target = (document[language] for language in self.languages)
            # JSON can hold a lone surrogate. It is written as three bytes that are no UTF-8, so the line is rejected
            # as not_utf8.
            return source.encode("utf-8", "surrogatepass"), target.encode("utf-8", "surrogatepass")
        except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
            return None
