"""The embedded corpus `sample`: a bilingual phrase grammar, realized in English and French by pyrealb."""

from __future__ import annotations

from collections.abc import Iterator

# How many distinct pairs there are. The grammar has room for more (a test says so); a literal keeps the import cheap.
CAPACITY = 1_000_000


def pairs(start: int, stop: int, seed: int = 42) -> Iterator[tuple[str, str]]:
    """The (English, French) pairs of numbers `start` to `stop` - 1.

    Pair number i depends on `seed` and i only, so workers can share the range out. Pairs of different numbers have
    different English sides. Raises ValueError, before the first pair, for a range beyond `CAPACITY`.
    """
    if not 0 <= start <= stop <= CAPACITY:
        raise ValueError(f"pairs {start} to {stop}: the sample corpus has the numbers 0 to {CAPACITY}")
    return _pairs(start, stop, seed)


def _pairs(start: int, stop: int, seed: int) -> Iterator[tuple[str, str]]:
    # Here, because pyrealb loads two lexicons when it is imported.
    from .numbering import Permutation
    from .patterns import CORPUS

    place = Permutation(CAPACITY, seed)
    for number in range(start, stop):
        yield CORPUS.at(place(number))
