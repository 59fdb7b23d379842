"""``sample`` and ``sample:PAIRS``: the embedded corpus; needs no file and no network."""

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from components.corpus.blocks import raw_block
from components.corpus.sources.source import Work
from components.errors import InputError

DEFAULT_PAIRS = 40_000
# Realizing a pair takes a fraction of a millisecond of Python: small parts keep all workers busy to the end.
_PART = 2_000
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
    def parse(cls, word: str, source_language: str, target_language: str) -> "Sample":
        """The sample that ``word`` asks for.

        Raises:
            InputError: if the corpus has not that many pairs, or not these languages.
        """
        from components.sample import CAPACITY

        number = word.partition(":")[2] or str(DEFAULT_PAIRS)
        if not number.isdecimal() or not 1 <= int(number) <= CAPACITY:
            raise InputError(f"found {word!r}, must be sample:PAIRS with PAIRS from 1 up to {CAPACITY}")
        if {source_language, target_language} != set(_LANGUAGES):
            raise InputError(
                f"found 'sample' with source_language {source_language!r} and target_language"
                f" {target_language!r}; the sample has {' and '.join(_LANGUAGES)} only"
            )
        return cls(int(number), source_first=source_language == _LANGUAGES[0])

    def check(self) -> None:
        """There is nothing that could be missing."""

    def digest(self) -> str:
        # What the pairs are is decided by the code, which is part of the dataset's key.
        return f"sample:{self.pairs}"

    def size(self) -> int:
        return self.pairs * _PAIR_BYTES

    def work(self) -> list[Work]:
        return [
            Work(self.name, first_line=start + 1, lines=min(_PART, self.pairs - start))
            for start in range(0, self.pairs, _PART)
        ]

    def read(self, work: Work) -> Iterator[pa.RecordBatch]:
        from components.sample import pairs

        assert work.lines
        start = work.first_line - 1
        first, second = zip(*pairs(start, start + work.lines), strict=True)
        sides = (first, second) if self.source_first else (second, first)
        yield raw_block(work.first_line, *(pa.array(side, pa.string()).cast(pa.binary()) for side in sides))
