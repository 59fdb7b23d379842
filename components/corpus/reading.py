"""Reading: from the ranges of the sources to raw blocks, and how blocks cross from one worker to another."""

from collections.abc import Iterator
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa

from components.corpus import progress
from components.corpus.blocks import RAW
from components.corpus.plan import Plan, PlannedRange, SourceFile
from components.corpus.report import count
from components.dataset.manifest import GIVEN
from components.errors import InputError


class BlockCoder(beam.coders.Coder):
    """Arrow's stream format: a slice takes only its own bytes, unlike pickled, and is read back without a copy."""

    def encode(self, block: pa.RecordBatch) -> bytes:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, block.schema) as writer:
            writer.write_batch(block)
        return sink.getvalue().to_pybytes()

    def decode(self, encoded: bytes) -> pa.RecordBatch:
        return pa.ipc.open_stream(encoded).read_next_batch()

    def estimate_size(self, block: pa.RecordBatch) -> int:
        # The default encodes the block to see how long it becomes.
        return block.nbytes

    def is_deterministic(self) -> bool:
        return True

    def to_type_hint(self) -> type:
        return pa.RecordBatch


beam.coders.registry.register_coder(pa.RecordBatch, BlockCoder)


class Read(beam.PTransform):
    """All ranges of the plan, in parallel → ``blocks`` of schema ``RAW``; ``counts``: (file, lines)."""

    def __init__(self, plan: Plan):
        super().__init__()
        self.ranges, self.files = list(plan.ranges), list(plan.files)

    def expand(self, begin: beam.pvalue.PBegin) -> Any:
        return (
            begin
            | "Ranges" >> beam.Create(self.ranges, reshuffle=False)
            | "Distribute" >> beam.Reshuffle()
            | "Read"
            >> beam.ParDo(_ReadRange(self.files))
            .with_output_types(pa.RecordBatch, counts=tuple[int, int])
            .with_outputs("counts", main="blocks")
        )


class _ReadRange(beam.DoFn):
    def __init__(self, files: list[SourceFile]):
        self.files = files

    def process(self, planned: PlannedRange) -> Iterator[Any]:
        file = self.files[planned.file]
        counter = "read" if file.split is None else f"given_{GIVEN[file.split]}"
        try:
            for block in planned.source.read(planned.range_):
                count(counter, block.num_rows)
                progress.passed(progress.READ, block.num_rows)
                yield beam.pvalue.TaggedOutput("counts", (planned.file, block.num_rows))
                yield block.set_column(0, RAW.field("file"), pa.array(np.full(block.num_rows, planned.file, np.int32)))
        except (InputError, OSError) as error:
            raise InputError(f"{file.parameter}: {error}") from None
