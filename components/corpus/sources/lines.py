"""What the forms with one pair a line in one file have in common: how the file is read in parts."""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from components.corpus.blocks import BLOCK_PAIRS
from components.corpus.files import STRIDE, STRIPES, is_gzip, line_arrays, scan, shrunk
from components.corpus.sources.file import FileSource
from components.corpus.sources.source import Work


@dataclass(frozen=True)
class _Part:
    """From byte ``offset`` on; every ``STRIPES``-th block from ``stripe`` on, if that is set."""

    offset: int
    stripe: int | None = None


@dataclass(frozen=True)
class LineFile(FileSource):
    """A file with a pair a line. A plain one is read in parts, a compressed one in stripes, as aligned files are."""

    def work(self) -> list[Work]:
        if is_gzip(self.path):
            return [Work(self.path, _Part(0, stripe), whole=_Part(0)) for stripe in range(STRIPES)]
        scanned = scan(self.path)
        return [
            Work(self.path, _Part(start), number * STRIDE + 1, scanned.lines_from(number))
            for number, start in enumerate(scanned.starts)
        ]

    def read(self, work: Work) -> Iterator[pa.RecordBatch]:
        part: _Part = work.part
        number = done = 0
        for lines in line_arrays(self.path, part.offset):
            if work.lines is not None:
                lines = lines.slice(0, work.lines - done)
            for start in range(0, len(lines), BLOCK_PAIRS):
                if part.stripe is None or number % STRIPES == part.stripe:
                    yield self.block(work.first_line + done + start, lines.slice(start, BLOCK_PAIRS))
                number += 1
            done += len(lines)
            if done == work.lines:
                return
        if work.lines is not None and done < work.lines:
            raise shrunk(self.path)

    @abstractmethod
    def block(self, first_line: int, lines: pa.Array) -> pa.RecordBatch:
        """Consecutive lines (binary, shape [n]) as a block of schema ``blocks.RAW``, line by line."""
