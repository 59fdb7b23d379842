"""Numbers: a permutation that spreads them, and spaces whose members are found by number."""

from __future__ import annotations

import hashlib
import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any, Protocol

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


class Space(Protocol):
    """A finite, ordered set of values: `at(i)` is the value of number i, for i in range(size)."""

    size: int

    def at(self, number: int) -> Any: ...


class OneOf:
    """The values of a list."""

    def __init__(self, values: Sequence[Any]) -> None:
        if not values:
            raise ValueError("an empty list of choices")
        self.values = tuple(values)
        self.size = len(self.values)

    def at(self, number: int) -> Any:
        return self.values[number]


class Product:
    """Every combination of one value from each part, given to `make` as its arguments."""

    def __init__(self, make: Callable[..., Any], *parts: Space) -> None:
        self.make = make
        self.parts = parts
        self.size = math.prod(part.size for part in parts)

    def at(self, number: int) -> Any:
        values = []
        for part in self.parts:
            number, digit = divmod(number, part.size)
            values.append(part.at(digit))
        return self.make(*values)


class Union:
    """The values of all the parts, one part after the other."""

    def __init__(self, parts: Sequence[Space]) -> None:
        self.parts = tuple(parts)
        self._ends: list[int] = []
        self.size = 0
        for part in parts:
            self.size += part.size
            self._ends.append(self.size)

    def at(self, number: int) -> Any:
        which = bisect_right(self._ends, number)
        return self.parts[which].at(number - (self._ends[which - 1] if which else 0))


class Mix:
    """Values of several parts in fixed proportions, whatever the sizes of the parts.

    Without it a small part (sentences with a pronoun subject) would drown in a large one (all noun phrases).
    The parts take turns, each as often as its weight says. A part that runs out leaves its turns to the others;
    the Mix ends when parts of more than `SPENT` of the weight have run out.
    """

    def __init__(self, *weighted: tuple[int, Space]) -> None:
        self.weighted = weighted
        self._strides = [_stride(part.size) for _, part in weighted]
        # A part that runs out ends a stage: (numbers before the stage, rounds before it, whose turns its rounds are).
        self._stages: list[tuple[int, int, list[tuple[int, int]]]] = []
        self._starts: list[int] = []
        self.size = rounds = 0
        total = sum(weight for weight, _ in weighted)
        live = sorted(range(len(weighted)), key=lambda which: weighted[which][1].size // weighted[which][0])
        while live and sum(weighted[which][0] for which in live) >= (1 - SPENT) * total:
            turns = [(which, place) for which in sorted(live) for place in range(weighted[which][0])]
            until = weighted[live[0]][1].size // weighted[live[0]][0]
            if until > rounds:
                self._stages.append((self.size, rounds, turns))
                self._starts.append(self.size)
                self.size += (until - rounds) * len(turns)
                rounds = until
            del live[0]
        if self.size == 0:
            raise ValueError("a part is smaller than its weight")

    def at(self, number: int) -> Any:
        if not 0 <= number < self.size:
            raise IndexError(f"number {number} of a mix of {self.size}")
        start, rounds, turns = self._stages[bisect_right(self._starts, number) - 1]
        turn, slot = divmod(number - start, len(turns))
        which, place = turns[slot]
        weight, part = self.weighted[which]
        # A part that is used in part only must still be used all over: step through it by a stride coprime to its size.
        return part.at(((rounds + turn) * weight + place) * self._strides[which] % part.size)


def _stride(size: int) -> int:
    """A number coprime to `size`, near its golden section."""
    stride = max(1, int(size * 0.618_033_988_749_894_9))
    while math.gcd(stride, size) != 1:
        stride += 1
    return stride
