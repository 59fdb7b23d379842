"""What tokenizers learn from: the same sample whatever the blocks, the workers and the order."""

import random

import pyarrow as pa
import pytest

from components.corpus.cleaning import hash_sentences
from components.corpus.learning import SENTENCES, SampleSentences

TEXTS = [f"sentence {number}" for number in range(500)]


def block(texts: list[str]) -> pa.RecordBatch:
    sentences = pa.array(texts, pa.string())
    return pa.record_batch([pa.array(hash_sentences(sentences)), sentences], schema=SENTENCES)


class Watched(SampleSentences):
    """Knows the most rows that it has held."""

    held = 0

    def compact(self, accumulator: list[pa.RecordBatch]) -> list[pa.RecordBatch]:
        self.held = max(self.held, sum(block.num_rows for block in accumulator))
        return super().compact(accumulator)


def sample(size: int, *workers: list[list[str]]) -> list[str]:
    """What comes of blocks on several workers."""
    combine = Watched(size)
    accumulators = []
    for blocks in workers:
        accumulator = combine.create_accumulator()
        for texts in blocks:
            accumulator = combine.add_input(accumulator, block(texts))
        accumulators.append(combine.compact(accumulator))
    result = combine.extract_output(combine.merge_accumulators(accumulators)).to_pylist()
    # Small, whatever the corpus and the workers.
    longest = max((len(texts) for blocks in workers for texts in blocks), default=0)
    assert combine.held <= 2 * size + max(longest, size)
    return result


@pytest.mark.parametrize("size", [1, 20, 500, 1000])
def test_the_sample_is_the_sentences_of_the_smallest_hashes_in_their_order(size: int) -> None:
    hashes = dict(zip(TEXTS, hash_sentences(pa.array(TEXTS)).tolist(), strict=True))
    expected = sorted(TEXTS, key=hashes.__getitem__)[:size]
    assert sample(size, [TEXTS]) == expected
    shuffled = TEXTS * 3
    random.Random(1).shuffle(shuffled)
    pieces = [shuffled[begin : begin + 70] for begin in range(0, len(shuffled), 70)]
    assert sample(size, pieces[::2], [], pieces[1::2], [[]]) == expected
    assert sample(size, *([piece] for piece in pieces)) == expected


def test_no_sentence_gives_an_empty_sample() -> None:
    assert sample(5) == sample(5, [], [[]]) == []
