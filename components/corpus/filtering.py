"""Filtering by score: the training pairs in which a model believes least are rejected.

The scores come from outside, as a transform of blocks, so that a worker that filters nothing needs no model.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa

from components.corpus.cleaning import reject
from components.corpus.plan import Plan
from components.corpus.rules import IMPROBABLE

# (partition, block of schema CLEAN, float32 scores of its rows: higher is better, NaN for what is not to be judged).
Scored = tuple[int, pa.RecordBatch, np.ndarray]


class FilterByScore(beam.PTransform):
    """(partition, block of schema ``CLEAN``) → ``pairs`` (the same), and ``rejected`` blocks.

    Of all pairs with a score, those with the lowest are rejected, as long as ``filter_share`` are left; of equal scores
    all stay. The others pass.

    Args:
        plan: with that share.
        scores: (partition, block) → ``Scored``.
    """

    def __init__(self, plan: Plan, scores: beam.PTransform):
        super().__init__()
        self.share, self.scores = plan.parameters.filter_share, scores

    def expand(self, blocks: beam.PCollection) -> Any:
        # Kept between two steps, so that no pair is scored twice.
        scored = blocks | "Score" >> self.scores | "Keep" >> beam.Reshuffle().with_output_types(Scored)
        least = (
            scored
            | "Scores" >> beam.MapTuple(lambda partition, block, scores: scores[~np.isnan(scores)])
            | "Least" >> beam.CombineGlobally(LeastScore(self.share))
        )
        return scored | "Filter" >> beam.ParDo(_Filter(), beam.pvalue.AsSingleton(least)).with_output_types(
            tuple[int, pa.RecordBatch], rejected=pa.RecordBatch
        ).with_outputs("rejected", main="pairs")


class LeastScore(beam.CombineFn):
    """Arrays of scores → the lowest that is kept if a share of them is; it holds all of them, four bytes each."""

    def __init__(self, share: float):
        self.share = share

    def create_accumulator(self) -> list[np.ndarray]:
        return []

    def add_input(self, accumulator: list[np.ndarray], scores: np.ndarray) -> list[np.ndarray]:
        return [*accumulator, scores]

    def merge_accumulators(self, accumulators: Iterable[list[np.ndarray]]) -> list[np.ndarray]:
        return [np.concatenate([scores for accumulator in accumulators for scores in accumulator] or [_NONE])]

    def extract_output(self, accumulator: list[np.ndarray]) -> float:
        scores = np.sort(np.concatenate(accumulator or [_NONE]))
        dropped = len(scores) - round(self.share * len(scores))
        return float(scores[dropped]) if dropped < len(scores) else float("inf")


_NONE = np.array([], np.float32)


class _Filter(beam.DoFn):
    def process(self, element: Scored, least: float) -> Iterator[Any]:
        partition, block, scores = element
        bad = scores < least
        yield from reject(block, bad, IMPROBABLE)
        if not bad.all():
            yield partition, block.filter(pa.array(~bad))
