"""Counting a vocabulary: the same whatever the workers, and small on each of them."""

import random
from collections import Counter

import pyarrow as pa
import pytest

from components.corpus import vocabulary_count
from components.corpus.tokenizing import TOKEN_COUNTS
from components.corpus.vocabulary_count import RankedTokens, RankTokens
from components.text.vocabulary import SPECIAL_TOKENS

PILE = 40


class Watched(RankTokens):
    """Knows the most rows that it has held."""

    held = 0

    def compact(self, accumulator: list[pa.RecordBatch]) -> list[pa.RecordBatch]:
        self.held = max(self.held, sum(block.num_rows for block in accumulator))
        return super().compact(accumulator)


def block(tokens: list[str]) -> pa.RecordBatch:
    counts = Counter(tokens)
    return pa.record_batch([list(counts), list(counts.values())], schema=TOKEN_COUNTS)


def ranked(combine: RankTokens, workers: list[list[list[str]]]) -> RankedTokens:
    """What comes of blocks on several workers."""
    accumulators = []
    for blocks in workers:
        accumulator = combine.create_accumulator()
        for tokens in blocks:
            accumulator = combine.add_input(accumulator, block(tokens))
        accumulators.append(accumulator)
    return combine.extract_output(combine.merge_accumulators(accumulators))


@pytest.mark.parametrize("workers", [1, 2, 30])
def test_tokens_are_ranked_by_occurrences_on_however_many_workers(
    monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    monkeypatch.setattr(vocabulary_count, "_PILE", PILE)
    running = [f"t{number:02d}" for number in range(20) for _ in range(40 - number // 2)]
    random.Random(0).shuffle(running)
    blocks = [running[begin : begin + 10] for begin in range(0, len(running), 10)]
    combine = Watched(vocab_size=8 + len(SPECIAL_TOKENS), min_count=1)
    result = ranked(combine, [blocks[worker::workers] for worker in range(workers)])
    assert result.tokens == [f"t{number:02d}" for number in range(20)]
    assert result.counts == [40 - number // 2 for number in range(20)]
    assert (result.size, result.distinct, result.running) == (8, 20, len(running))
    # Each distinct token once, a pile, and a block.
    assert combine.held <= 20 + PILE + 20
