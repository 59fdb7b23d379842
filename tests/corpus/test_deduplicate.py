"""Duplicates: pairs that are equal on both sides, and no others."""

import itertools

import pyarrow as pa

from components.corpus.blocks import CLEAN
from components.corpus.cleaning import TRAIN
from components.corpus.deduplicate import Deduplicate
from components.corpus.plan import SourceFile


def block(first_line: int, pairs: list[tuple[str, str]]) -> pa.RecordBatch:
    rows = [
        {"file": 0, "line": line, "source": source, "target": target, "key": 1, "split": TRAIN}
        for line, (source, target) in enumerate(pairs, start=first_line)
    ]
    return pa.RecordBatch.from_pylist(rows, schema=CLEAN)


def test_every_combination_of_sides_is_a_pair_of_its_own() -> None:
    # As if all were of one source sentence; what tells the sides apart in one text could stand in the text as well.
    sides = ["", "a", "b", "a\x1fb", "b\x1fa", "\x1f"]
    pairs = list(itertools.product(sides, repeat=2))
    # Out of order, and each twice: the first in the corpus stays.
    blocks = [block(101, pairs[::-1]), block(1, pairs)]
    rejected, (partition, kept) = Deduplicate([SourceFile("corpus", "corpus")], True).process((5, blocks))
    assert partition == 5
    assert kept["line"].to_pylist() == list(range(1, 37))
    assert list(zip(kept["source"].to_pylist(), kept["target"].to_pylist(), strict=True)) == pairs
    assert rejected.value["line"].to_pylist() == list(range(101, 137))
    assert set(rejected.value["rule"].to_pylist()) == {"duplicate"}
    ((_, all_of_them),) = Deduplicate([SourceFile("corpus", "corpus")], False).process((5, blocks))
    assert all_of_them.num_rows == 72
