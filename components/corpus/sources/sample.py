"""``sample`` and ``sample:PAIRS``: the embedded corpus; needs no file and no network."""

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from components.corpus.blocks import raw_block
from components.corpus.sources.source import Range
from components.errors import InputError

DEFAULT_PAIRS = 40_000
# Realizing a pair takes a fraction of a millisecond of Python: small ranges keep all workers busy to the end.
_RANGE_PAIRS = 2_000
_PAIR_BYTES = 90
_LANGUAGES = ("en", "fr")


@dataclass(frozen=True)
class Sample:
    """The first ``pairs`` pairs of the embedded corpus, in either direction."""

    pairs: int
    source_first: bool

    @property
    def name(self) -> str:
        return "sample"

    @classmethod
    def open(cls, pairs: str | None, languages: tuple[str, str]) -> "Sample":
        """The first so many pairs (``DEFAULT_PAIRS`` if not set), for source and target in these languages.

        Raises:
            InputError: if the corpus has not that many pairs, or not these languages.
        """
        from components.sample import CAPACITY

        number = pairs or str(DEFAULT_PAIRS)
        if not number.isdecimal() or not 1 <= int(number) <= CAPACITY:
            raise InputError(f"found 'sample:{pairs}', must be sample:PAIRS with PAIRS from 1 up to {CAPACITY}")
        source, target = languages
        if {source, target} != set(_LANGUAGES):
            raise InputError(
                f"found 'sample' with source_language {source!r} and target_language {target!r}; the sample has"
                f" {' and '.join(_LANGUAGES)} only"
            )
        return cls(int(number), source_first=source == _LANGUAGES[0])

    def check(self) -> None:
        """There is nothing that could be missing."""

    def digest(self) -> str:
        # What the pairs are is decided by the code, which is part of the dataset's key.
        return f"sample:{self.pairs}"

    def size(self) -> int:
        return self.pairs * _PAIR_BYTES

    def ranges(self) -> list[Range]:
        return [
            Range(self.name, first_line=start + 1, lines=min(_RANGE_PAIRS, self.pairs - start))
            for start in range(0, self.pairs, _RANGE_PAIRS)
        ]

    def read(self, range_: Range) -> Iterator[pa.RecordBatch]:
        from components.sample import pairs

        assert range_.lines
        start = range_.first_line - 1
        first, second = zip(*pairs(start, start + range_.lines), strict=True)
        sides = (first, second) if self.source_first else (second, first)
        yield raw_block(range_.first_line, *(pa.array(side, pa.string()).cast(pa.binary()) for side in sides))
