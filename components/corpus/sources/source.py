"""What a source of sentence pairs is, how it is read in ranges, and how it is cut off after so many pairs."""

import hashlib
from abc import ABC
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from components.corpus.files import check_file, file_digest, file_size

# Where only reading shows how long a source is: a pair has about so many bytes.
_PAIR_BYTES = 250


@dataclass(frozen=True)
class Range:
    """A range of a file's lines that one worker reads from beginning to end.

    ``file`` is what ``rejected/`` calls the file (its name as the user gave it), ``start`` what the source needs to
    find the range again; both are plain values. It begins at line ``first_line`` and holds ``lines`` of them, None
    where only reading shows that. If other ranges are interleaved with it, so that each worker reads the whole file and
    keeps its share, ``whole`` is the ``start`` that keeps all of it.
    """

    file: str
    start: Any = None
    first_line: int = 1
    lines: int | None = None
    whole: Any = None


class Source(Protocol):
    """One corpus, as one word of the parameter ``corpus`` names it. Picklable; opens nothing before it is asked to."""

    @property
    def name(self) -> str:
        """The word that names it, or, of a glob, the word for this one of the files."""
        ...

    def check(self) -> None:
        """Checks that the source can be read, as far as that shows without reading it through.

        Raises:
            InputError: if not.
        """
        ...

    def digest(self) -> str:
        """A digest of the content: another one means other pairs."""
        ...

    def size(self) -> int:
        """About how many bytes of plain text there are; decides on the number of partitions."""
        ...

    def ranges(self) -> list[Range]:
        """What is to be read, in its order; at least one range, even if there is nothing in it."""
        ...

    def read(self, range_: Range) -> Iterator[pa.RecordBatch]:
        """The blocks of a range (schema ``blocks.RAW``, ``file`` not set), on a worker, their lines in rising order.

        Raises:
            InputError: if the file as a whole cannot be read.
        """
        ...


@dataclass(frozen=True)
class FileSource(ABC):
    """A file that holds pairs, whatever its format. ``languages`` are those of source and target."""

    path: str
    languages: tuple[str, str]

    @property
    def name(self) -> str:
        return self.path

    def check(self) -> None:
        check_file(self.path)

    def digest(self) -> str:
        return file_digest(self.path)

    def size(self) -> int:
        return file_size(self.path)


def cap(sources: Sequence[Source], pairs: int) -> list[Source]:
    """The sources of one word, in their order, cut off after so many pairs; each line counts as one.

    To know where, the lines of every source but the last are counted; compressed ones are read for that.
    """
    capped: list[Source] = []
    for source in sources:
        lines = _known_lines(source)
        if lines is None and source is not sources[-1]:
            lines = _count_lines(source, pairs)
        if lines is None or lines > pairs:
            return [*capped, CappedSource(source, pairs)]
        capped.append(source)
        pairs -= lines
        if not pairs:
            break
    return capped


def _known_lines(source: Source) -> int | None:
    """How many lines a source has, if that is known without reading it."""
    lines = [range_.lines for range_ in source.ranges()]
    return None if None in lines else sum(filter(None, lines))


def _count_lines(source: Source, enough: int) -> int:
    """The same by reading, which ends where they are more than ``enough``."""
    lines = 0
    for range_ in dict.fromkeys(replace(range_, start=range_.whole or range_.start) for range_ in source.ranges()):
        for block in source.read(range_):
            if block.num_rows:
                lines = max(lines, block["line"][-1].as_py())
            if lines > enough:
                return lines
    return lines


@dataclass(frozen=True)
class _CappedStart:
    """The uncapped range, to be read up to line ``last`` of its file."""

    range_: Range
    last: int


@dataclass(frozen=True)
class CappedSource:
    """The first ``pairs`` pairs of a source that has more, or of which that is not known."""

    source: Source
    pairs: int

    @property
    def name(self) -> str:
        return f"{self.source.name}#{self.pairs}"

    def check(self) -> None:
        self.source.check()

    def digest(self) -> str:
        return hashlib.sha256(f"{type(self.source).__name__} {self.source.digest()} #{self.pairs}".encode()).hexdigest()

    def size(self) -> int:
        size, lines = self.source.size(), _known_lines(self.source)
        return min(size, self.pairs * _PAIR_BYTES) if lines is None else -(-size * self.pairs // lines)

    def ranges(self) -> list[Range]:
        capped, left = [], self.pairs
        for _, group in groupby(self.source.ranges(), attrgetter("file")):
            ranges = list(group)
            last = ranges[0].first_line + left - 1
            for range_ in ranges:
                if range_.first_line <= last:
                    lines = range_.lines and min(range_.lines, last - range_.first_line + 1)
                    capped.append(replace(range_, start=_CappedStart(range_, last), lines=lines))
            left -= sum(range_.lines or 0 for range_ in ranges)
        return capped

    def read(self, range_: Range) -> Iterator[pa.RecordBatch]:
        start: _CappedStart = range_.start
        for block in self.source.read(start.range_):
            wanted = int(np.searchsorted(block["line"].to_numpy(), start.last, side="right"))
            if wanted:
                yield block.slice(0, wanted)
            if wanted < block.num_rows:
                return
