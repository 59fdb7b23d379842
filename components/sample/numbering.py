"""Spaces, whose values are found by number, and a permutation that spreads the numbers."""

from __future__ import annotations

import hashlib
import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from operator import itemgetter
from typing import Any

ROUNDS = 4
# The share of a mix that may have run out before the mix ends.
SPENT = 0.2


class Permutation:
    """A bijection of range(size), chosen by `seed`: a Feistel network that walks on until it is back in range."""

    def __init__(self, size: int, seed: int) -> None:
        if size < 1:
            raise ValueError(f"size={size}: a permutation needs at least one number")
        self.size = size
        self._half = max(1, ((size - 1).bit_length() + 1) // 2)
        self._mask = (1 << self._half) - 1
        digest = hashlib.sha256(f"{seed}".encode()).digest()
        # Odd multipliers: an even one would throw bits away.
        self._keys = [int.from_bytes(digest[8 * i : 8 * i + 8], "big") | 1 for i in range(ROUNDS)]

    def __call__(self, number: int) -> int:
        """The number, in range(size), that stands at place `number`."""
        while True:
            left, right = number >> self._half, number & self._mask
            for key in self._keys:
                mixed = ((right + 0x9E37_79B9) * key) & 0xFFFF_FFFF_FFFF_FFFF
                left, right = right, left ^ ((mixed ^ (mixed >> 29)) >> 17 & self._mask)
            number = left << self._half | right
            if number < self.size:
                return number


class Space:
    """A finite, ordered set of values: `at(i)` is the value of number i, for i in range(size)."""

    size: int

    def at(self, number: int) -> Any:
        raise NotImplementedError


# Where a space is wanted, a plain sequence of its values will do.
Values = Space | Sequence[Any]


def _space(values: Values) -> Space:
    return values if isinstance(values, Space) else OneOf(values)


class OneOf(Space):
    """The values of a sequence."""

    def __init__(self, values: Sequence[Any]) -> None:
        if not values:
            raise ValueError("an empty list of choices")
        self.values = tuple(values)
        self.size = len(self.values)

    def at(self, number: int) -> Any:
        return self.values[number]


class Product(Space):
    """`make` of every combination of one value from each part; the first part varies fastest."""

    def __init__(self, make: Callable[..., Any], *parts: Values) -> None:
        self.make = make
        self.parts = [_space(part) for part in parts]
        self.size = math.prod(part.size for part in self.parts)

    def at(self, number: int) -> Any:
        values = []
        for part in self.parts:
            number, digit = divmod(number, part.size)
            values.append(part.at(digit))
        return self.make(*values)


class Union(Space):
    """The values of all the parts, one part after the other."""

    def __init__(self, *parts: Values) -> None:
        self.parts = [_space(part) for part in parts]
        self._ends = list(accumulate(part.size for part in self.parts))
        self.size = self._ends[-1]

    def at(self, number: int) -> Any:
        which = bisect_right(self._ends, number)
        return self.parts[which].at(number - (self._ends[which - 1] if which else 0))


class Mix(Space):
    """Values of several parts in fixed proportions, whatever the sizes of the parts.

    Without it a small part (sentences with a pronoun subject) would drown in a large one (all noun phrases).
    The parts take turns, each as often as its weight says. A part that runs out leaves its turns to the others;
    the Mix ends when parts of more than `SPENT` of the weight have run out.
    """

    def __init__(self, *weighted: tuple[int, Values]) -> None:
        parts = [(weight, space, _stride(space.size)) for weight, space in ((w, _space(part)) for w, part in weighted)]
        lasting = [space.size // weight for weight, space, _ in parts]
        # A part that runs out ends a stage: (numbers before the stage, rounds before it, whose turns its rounds are).
        self._stages: list[tuple[int, int, list[tuple[int, tuple[int, Space, int]]]]] = []
        self.size = rounds = 0
        for until in sorted(set(lasting) - {0}):
            live = [part for part, end in zip(parts, lasting, strict=True) if end >= until]
            turns = [(turn, part) for part in live for turn in range(part[0])]
            if len(turns) < (1 - SPENT) * sum(weight for weight, _ in weighted):
                break
            self._stages.append((self.size, rounds, turns))
            self.size += (until - rounds) * len(turns)
            rounds = until
        if self.size == 0:
            raise ValueError("a part is smaller than its weight")

    def at(self, number: int) -> Any:
        if not 0 <= number < self.size:
            raise IndexError(f"number {number} of a mix of {self.size}")
        start, rounds, turns = self._stages[bisect_right(self._stages, number, key=itemgetter(0)) - 1]
        more, slot = divmod(number - start, len(turns))
        turn, (weight, part, stride) = turns[slot]
        # A part that is used in part only must still be used all over: step through it by a stride coprime to its size.
        return part.at(((rounds + more) * weight + turn) * stride % part.size)


def _stride(size: int) -> int:
    """A number coprime to `size`, near its golden section."""
    stride = max(1, int(size * 0.618_033_988_749_894_9))
    while math.gcd(stride, size) != 1:
        stride += 1
    return stride
