"""Tokenizing: what tokenizers learn from, and vocabularies, are the same whatever the blocks, workers and order."""

import random
from collections import Counter

import pyarrow as pa
import pytest

from components.corpus import tokenizing
from components.corpus.blocks import SENTENCES, TOKEN_COUNTS
from components.corpus.report import RankedTokens
from components.corpus.splitting import hash_sentences
from components.corpus.tokenizing import MergeBlocks, RankTokens, SampleSentences, unseen_tokens
from components.text.inventory import Inventory
from components.text.tokenizer import learning
from components.text.vocabulary import SPECIAL_TOKENS

PILE = 40
TEXTS = [f"sentence {number}" for number in range(500)]


class Watched(MergeBlocks):
    """Knows the most rows that it has held."""

    held = 0

    def compact(self, accumulator: list[pa.RecordBatch]) -> list[pa.RecordBatch]:
        self.held = max(self.held, sum(block.num_rows for block in accumulator))
        return super().compact(accumulator)


class WatchedSample(Watched, SampleSentences):
    pass


class WatchedRanking(Watched, RankTokens):
    pass


def sentences_block(texts: list[str]) -> pa.RecordBatch:
    sentences = pa.array(texts, pa.string())
    return pa.record_batch([pa.array(hash_sentences(sentences)), sentences], schema=SENTENCES)


def sample(size: int, *workers: list[list[str]]) -> list[str]:
    """What comes of blocks on several workers."""
    combine = WatchedSample(size)
    accumulators = []
    for blocks in workers:
        accumulator = combine.create_accumulator()
        for texts in blocks:
            accumulator = combine.add_input(accumulator, sentences_block(texts))
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


def counts_block(tokens: list[str]) -> pa.RecordBatch:
    counts = Counter(tokens)
    return pa.record_batch([list(counts), list(counts.values())], schema=TOKEN_COUNTS)


def ranked(combine: RankTokens, workers: list[list[list[str]]]) -> RankedTokens:
    """What comes of blocks on several workers."""
    accumulators = []
    for blocks in workers:
        accumulator = combine.create_accumulator()
        for tokens in blocks:
            accumulator = combine.add_input(accumulator, counts_block(tokens))
        accumulators.append(accumulator)
    return combine.extract_output(combine.merge_accumulators(accumulators))


@pytest.mark.parametrize("workers", [1, 2, 30])
def test_tokens_are_ranked_by_occurrences_on_however_many_workers(
    monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    monkeypatch.setattr(tokenizing, "_PILE", PILE)
    running = [f"t{number:02d}" for number in range(20) for _ in range(40 - number // 2)]
    random.Random(0).shuffle(running)
    blocks = [running[begin : begin + 10] for begin in range(0, len(running), 10)]
    combine = WatchedRanking()
    result = ranked(combine, [blocks[worker::workers] for worker in range(workers)])
    assert result.vocabulary() == (*SPECIAL_TOKENS, *(f"t{number:02d}" for number in range(20)))
    assert result.counts == [40 - number // 2 for number in range(20)]
    # Each distinct token once, a pile, and a block.
    assert combine.held <= 20 + PILE + 20


def test_tokens_that_the_corpus_lacks_stand_behind_those_it_has() -> None:
    learnt = learning("word").learn("en", pa.array(["The dog sleeps."] * 2), 1000, simplified=True)
    side, unseen = unseen_tokens("source", learnt)
    counted = ["dog", "the", "dog", "￭."]
    combine = RankTokens()
    accumulator = combine.create_accumulator()
    for block in (unseen, counts_block(counted), unseen):
        accumulator = combine.add_input(accumulator, block)
    result = combine.extract_output(accumulator)
    others = sorted(set(Inventory.load(learnt).tokens()).difference(counted))
    assert "sleeps" in others
    assert side == "source"
    assert result.vocabulary() == (*SPECIAL_TOKENS, "dog", "the", "￭.", *others)
    assert result.counts == [2, 1, 1, *(0 for _ in others)]
