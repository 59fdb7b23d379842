"""Duplicates and held-out sentences: what can only be decided when all pairs of one source sentence are together."""

from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.corpus.blocks import REJECTED, concatenate, divide
from components.corpus.plan import SourceFile
from components.corpus.rules import DUPLICATE, HELD_OUT

REJECTED_TAG = "rejected"


class PartitionBySource(beam.PTransform):
    """Brings the pairs of one source sentence together: blocks → (partition, blocks), each hash in one partition."""

    def __init__(self, partitions: int):
        super().__init__()
        self.partitions = partitions

    def expand(self, blocks: beam.PCollection) -> beam.PCollection:
        return (
            blocks
            | beam.ParDo(_Partition(self.partitions)).with_output_types(tuple[int, pa.RecordBatch])
            | beam.GroupByKey()
        )


class _Partition(beam.DoFn):
    def __init__(self, partitions: int):
        self.partitions = np.uint64(partitions)

    def process(self, block: pa.RecordBatch) -> Iterator[tuple[int, pa.RecordBatch]]:
        # The split looks at the highest bits of the key, this at the lowest: each split is in every partition.
        yield from divide(block, (block["key"].to_numpy() % self.partitions).astype(np.int64))


class Deduplicate(beam.DoFn):
    """(partition, its blocks) → (partition, one block in the order of the corpus) without duplicates.

    Of equal pairs the first in the corpus stays. Pairs whose source sentence stands in a given validation or test
    corpus go as well; the pairs of those corpora themselves pass untouched.
    """

    def __init__(self, files: list[SourceFile], remove_duplicates: bool):
        self.given = np.array([file.split is not None for file in files])
        self.remove_duplicates = remove_duplicates

    def process(self, element: tuple[int, Iterable[pa.RecordBatch]]) -> Iterator[Any]:
        partition, blocks = element
        block = concatenate(blocks)
        block = block.take(pc.sort_indices(block, [("file", "ascending"), ("line", "ascending")]))
        given = self.given[block["file"].to_numpy()]
        if given.any():
            sources = block["key"].filter(pa.array(given))
            held_out = pc.is_in(block["key"], sources).to_numpy(zero_copy_only=False) & ~given
            yield from reject(block, held_out, HELD_OUT)
            block, given = block.filter(pa.array(~held_out)), given[~held_out]
        if self.remove_duplicates:
            source, target = (block[side].dictionary_encode() for side in ("source", "target"))
            pairs = source.indices.to_numpy().astype(np.int64) * len(target.dictionary) + target.indices.to_numpy()
            _, first = np.unique(pairs[~given], return_index=True)
            duplicate = ~given
            duplicate[np.flatnonzero(~given)[first]] = False
            yield from reject(block, duplicate, DUPLICATE)
            block = block.filter(pa.array(~duplicate))
        if block.num_rows:
            yield partition, block


def reject(block: pa.RecordBatch, which: np.ndarray, rule: str) -> Iterator[beam.pvalue.TaggedOutput]:
    """Sends the pairs of a block that ``which`` (bool, shape [n]) names to ``rejected``, for one rule."""
    if which.any():
        rows = block.select(["file", "line", "source", "target"]).filter(pa.array(which))
        yield beam.pvalue.TaggedOutput(
            REJECTED_TAG, pa.record_batch([*rows.columns, pa.array([rule] * rows.num_rows)], schema=REJECTED)
        )
