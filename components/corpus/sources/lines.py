"""What the forms with one pair a line in one file have in common: how the file is read in parts."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from components.corpus.blocks import BLOCK_PAIRS
from components.corpus.files import STRIDE, STRIPES, exists, file_digest, file_size, is_gzip, line_arrays, scan
from components.corpus.sources.source import Work
from components.errors import InputError


@dataclass(frozen=True)
class _Part:
    """``lines`` lines (all if None) from ``first_line`` on, which begins at byte ``offset``.

    Of these, every ``STRIPES``-th block from ``stripe`` on, if that is set.
    """

    offset: int
    first_line: int
    lines: int | None
    stripe: int | None = None


@dataclass(frozen=True)
class LineFile(ABC):
    """A file with a pair a line. A plain one is read in parts, a compressed one in stripes, as aligned files are."""

    path: str

    def check(self) -> None:
        if not exists(self.path):
            raise InputError(f"there is no file {self.path}")

    def digest(self) -> str:
        return file_digest(self.path)

    def size(self) -> int:
        return file_size(self.path)

    def work(self) -> list[Work]:
        if is_gzip(self.path):
            return [Work(self.path, _Part(0, 1, None, stripe)) for stripe in range(STRIPES)]
        return [
            Work(self.path, _Part(start, number * STRIDE + 1, STRIDE))
            for number, start in enumerate(scan(self.path).starts)
        ]

    def read(self, work: Work) -> Iterator[pa.RecordBatch]:
        part: _Part = work.part
        number = done = 0
        for lines in line_arrays(self.path, part.offset):
            if part.lines is not None:
                lines = lines.slice(0, part.lines - done)
            for start in range(0, len(lines), BLOCK_PAIRS):
                if part.stripe is None or number % STRIPES == part.stripe:
                    yield self.block(part.first_line + done + start, lines.slice(start, BLOCK_PAIRS))
                number += 1
            done += len(lines)
            if done == part.lines:
                return

    @abstractmethod
    def block(self, first_line: int, lines: pa.Array) -> pa.RecordBatch:
        """Consecutive lines (binary, shape [n]) as a block of schema ``blocks.RAW``, line by line."""
