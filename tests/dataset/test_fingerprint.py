"""The fingerprint, recomputed by the definition, one record at a time."""

import hashlib
import struct

from components.dataset.fingerprint import MODULUS, fingerprint_of, spell
from tests.dataset.test_records import ids

SOURCE = [[5, 4], [7], [9, 9, 9], [5, 4]]
TARGET = [[2, 8, 3], [2, 3], [2, 1, 3], [2, 8, 3]]


def by_definition(split: str, source: list[int], target: list[int]) -> int:
    words = [len(source), *source, *target]
    return int.from_bytes(hashlib.sha256(split.encode() + struct.pack(f"<{len(words)}i", *words)).digest(), "big")


def test_it_is_the_sum_of_the_records_hashes() -> None:
    expected = sum(by_definition("train", *pair) for pair in zip(SOURCE, TARGET, strict=True)) % MODULUS
    assert fingerprint_of("train", ids(SOURCE), ids(TARGET)) == expected


def test_it_does_not_depend_on_order_or_grouping() -> None:
    whole = fingerprint_of("train", ids(SOURCE), ids(TARGET))
    assert fingerprint_of("train", ids(SOURCE[::-1]), ids(TARGET[::-1])) == whole
    parts = [fingerprint_of("train", ids(SOURCE[a:b]), ids(TARGET[a:b])) for a, b in ((0, 1), (1, 4))]
    assert sum(parts) % MODULUS == whole


def test_it_depends_on_everything_else() -> None:
    whole = fingerprint_of("train", ids(SOURCE), ids(TARGET))
    assert fingerprint_of("test", ids(SOURCE), ids(TARGET)) != whole
    assert fingerprint_of("train", ids(SOURCE[:3]), ids(TARGET[:3])) != whole
    assert fingerprint_of("train", ids([[5], *SOURCE[1:]]), ids([[4, 2, 8, 3], *TARGET[1:]])) != whole


def test_it_is_spelled_with_64_digits() -> None:
    assert spell(MODULUS + 10) == "0" * 63 + "a"
