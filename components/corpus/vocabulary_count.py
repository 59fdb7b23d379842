"""Counting vocabularies: tokens and their occurrences, merged as Arrow tables."""

from collections.abc import Iterable
from dataclasses import dataclass

import apache_beam as beam
import pyarrow as pa
import pyarrow.compute as pc

from components.corpus.tokenizing import TOKEN_COUNTS
from components.text.vocabulary import SPECIAL_TOKENS

# Rows that a worker lets pile up before it adds them up.
_PILE = 1 << 20
# So many tokens behind the vocabulary's end are told: the most frequent unknown words.
UNKNOWN_SHOWN = 50


@dataclass(frozen=True)
class RankedTokens:
    """The tokens of one side by falling frequency, ties by token: the vocabulary's, and a few that did not get in.

    ``block`` (schema ``TOKEN_COUNTS``) holds them; ``size`` of them enter the vocabulary; ``distinct`` and ``running``
    count all that were seen. (No lists of strings: Beam measures side inputs object by object.)
    """

    block: pa.RecordBatch
    size: int
    distinct: int
    running: int

    @property
    def tokens(self) -> list[str]:
        return self.block["token"].to_pylist()

    @property
    def counts(self) -> list[int]:
        return self.block["count"].to_pylist()

    def vocabulary(self) -> tuple[str, ...]:
        """The tokens by id, special ones included."""
        return (*SPECIAL_TOKENS, *self.tokens[: self.size])

    @property
    def oov_rate(self) -> float:
        """The share of running tokens that the vocabulary does not hold."""
        return 1 - sum(self.counts[: self.size]) / self.running if self.running else 0.0


class RankTokens(beam.CombineFn):
    """Blocks of schema ``TOKEN_COUNTS`` → :class:`RankedTokens`.

    A worker holds each distinct token once, and beside them ``_PILE`` rows and a block at the most that are not added
    up yet; while it merges, the block is what another worker has counted.
    """

    def __init__(self, vocab_size: int, min_count: int):
        self.places, self.min_count = vocab_size - len(SPECIAL_TOKENS), min_count

    def create_accumulator(self) -> list[pa.RecordBatch]:
        return []

    def add_input(self, accumulator: list[pa.RecordBatch], block: pa.RecordBatch) -> list[pa.RecordBatch]:
        accumulator.append(block)
        # The first block is what was added up already.
        return self.compact(accumulator) if sum(b.num_rows for b in accumulator[1:]) > _PILE else accumulator

    def merge_accumulators(self, accumulators: Iterable[list[pa.RecordBatch]]) -> list[pa.RecordBatch]:
        merged = self.create_accumulator()
        for accumulator in accumulators:
            for block in accumulator:
                merged = self.add_input(merged, block)
        return self.compact(merged)

    def compact(self, accumulator: list[pa.RecordBatch]) -> list[pa.RecordBatch]:
        if len(accumulator) < 2:
            return accumulator
        table = pa.Table.from_batches(accumulator).group_by("token", use_threads=False).aggregate([("count", "sum")])
        columns = [table["token"].combine_chunks(), table["count_sum"].combine_chunks()]
        return [pa.record_batch(columns, schema=TOKEN_COUNTS)]

    def extract_output(self, accumulator: list[pa.RecordBatch]) -> RankedTokens:
        (block,) = self.compact(accumulator)
        running, distinct = pc.sum(block["count"]).as_py() or 0, block.num_rows
        block = block.filter(pc.invert(pc.is_in(block["token"], pa.array(SPECIAL_TOKENS))))
        order = pc.sort_indices(block, [("count", "descending"), ("token", "ascending")])
        block = block.take(order.slice(0, self.places + UNKNOWN_SHOWN))
        frequent = pc.sum(pc.greater_equal(block["count"], self.min_count)).as_py() or 0
        return RankedTokens(block, min(frequent, self.places), distinct, running)
