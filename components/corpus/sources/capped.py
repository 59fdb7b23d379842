"""``WORD#PAIRS``: the first so many pairs of whatever a word of a corpus parameter stands for, as they stand there."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter

import numpy as np
import pyarrow as pa

from components.corpus.sources.source import Source, Work
from components.errors import InputError

# A path may hold the sign too, further in front.
_CAP = re.compile(r"(.+)#([^#/.{}]*)")
# Where only reading would tell how long a source is: about so many bytes has a pair.
_PAIR_BYTES = 250


def split_cap(word: str) -> tuple[str, int | None]:
    """A word without its cap, and the cap; None if it has none.

    Raises:
        InputError: if the cap is no number of pairs.
    """
    found = _CAP.fullmatch(word)
    if not found:
        return word, None
    if not re.fullmatch(r"[0-9]+", found[2]) or not int(found[2]):
        raise InputError(
            f"found {word!r}, after # must stand how many pairs to take, a whole number from 1: {found[1]}#100000"
        )
    return found[1], int(found[2])


def cap(sources: Sequence[Source], pairs: int) -> list[Source]:
    """The sources of one word, in their order, cut off after so many pairs; each line counts as one.

    To know where, the lines of every source but the last are counted; compressed ones are read for that.
    """
    capped: list[Source] = []
    for source in sources:
        lines = _lines(source)
        if lines is None and source is not sources[-1]:
            lines = _count(source, pairs)
        if lines is not None and lines <= pairs:
            capped.append(source)
            pairs -= lines
            if not pairs:
                break
        else:
            return [*capped, Capped(source, pairs)]
    return capped


def _lines(source: Source) -> int | None:
    """How many lines a source has, if that is known without reading it."""
    lines = [work.lines for work in source.work()]
    return None if None in lines else sum(filter(None, lines))


def _count(source: Source, pairs: int) -> int:
    """The same by reading, which ends where they are more than ``pairs``."""
    lines = 0
    for work in dict.fromkeys(replace(work, part=work.whole or work.part) for work in source.work()):
        for block in source.read(work):
            lines = max(lines, _last_line(block))
            if lines > pairs:
                return lines
    return lines


def _last_line(block: pa.RecordBatch) -> int:
    return block["line"][-1].as_py() if block.num_rows else 0


@dataclass(frozen=True)
class _Part:
    """A part of the source, to be read up to line ``last`` of its place."""

    work: Work
    last: int


@dataclass(frozen=True)
class Capped:
    """The first ``pairs`` pairs of a source that has more, or of which it is not known."""

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
        size, lines = self.source.size(), _lines(self.source)
        return min(size, self.pairs * _PAIR_BYTES) if lines is None else -(-size * self.pairs // lines)

    def work(self) -> list[Work]:
        works, left = [], self.pairs
        for _, parts in groupby(self.source.work(), attrgetter("place")):
            of_place = list(parts)
            last = of_place[0].first_line + left - 1
            works += [
                replace(work, part=_Part(work, last), lines=work.lines and min(work.lines, last - work.first_line + 1))
                for work in of_place
                if work.first_line <= last
            ]
            left -= sum(work.lines or 0 for work in of_place)
        return works

    def read(self, work: Work) -> Iterator[pa.RecordBatch]:
        part: _Part = work.part
        for block in self.source.read(part.work):
            wanted = int(np.searchsorted(block["line"].to_numpy(), part.last, side="right"))
            if wanted:
                yield block.slice(0, wanted)
            if wanted < block.num_rows:
                return
