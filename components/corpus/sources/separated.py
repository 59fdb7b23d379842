"""``PATH.tsv`` and ``PATH.txt[.gz]``: ``english<TAB>french[<TAB>anything]``, as Tatoeba and ManyThings write them.

The columns have no names. Where one of the languages is English it is the first column, as in all those files;
otherwise the first column is the source.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from components.corpus.blocks import BLOCK_PAIRS, raw_block
from components.corpus.files import STRIDE, STRIPES, exists, file_size, is_gzip, line_arrays, scan
from components.corpus.sources.source import Work
from components.errors import InputError

NOT_A_PAIR = "no_tab"


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
class SeparatedFile:
    """See the module. A plain file is read in parts, a compressed one in stripes, as aligned files are."""

    path: str
    source_first: bool

    @classmethod
    def parse(cls, word: str, source_language: str, target_language: str) -> "SeparatedFile":
        return cls(word, source_first=target_language != "en")

    def check(self) -> None:
        if not exists(self.path):
            raise InputError(f"there is no file {self.path}")

    def digest(self) -> str:
        return scan(self.path).digest

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
                    yield self._block(part.first_line + done + start, lines.slice(start, BLOCK_PAIRS))
                number += 1
            done += len(lines)
            if done == part.lines:
                return

    def _block(self, first_line: int, lines: pa.Array) -> pa.RecordBatch:
        columns = pc.split_pattern(lines, "\t", max_splits=2)
        whole = pc.greater_equal(pc.list_value_length(columns), 2)
        # A line without a tab is kept as it is, as the first column, for `rejected/`.
        columns = pc.if_else(whole, columns, pc.split_pattern(pc.binary_join_element_wise(lines, b"", b"\t"), "\t"))
        first, second = pc.list_element(columns, 0), pc.list_element(columns, 1)
        fault = pc.if_else(whole, pa.scalar(None, pa.string()), NOT_A_PAIR)
        sides = (first, second) if self.source_first else (second, first)
        return raw_block(first_line, *sides, fault=fault)
