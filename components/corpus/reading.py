"""Reading: from the ranges of the sources to raw blocks."""

from collections.abc import Iterator, Sequence
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa

from components.corpus import progress
from components.corpus.blocks import RAW
from components.corpus.plan import PlannedRange, SourceFile
from components.corpus.tally import TALLY_TAG, Tally, count
from components.dataset.manifest import SPLITS
from components.errors import InputError

# Names of tallies; the split's name follows the second one.
READ, GIVEN = "read", "given"


class Read(beam.PTransform):
    """Reads sources in parallel, range by range, as blocks of schema ``RAW``; ``tally`` beside ``blocks``.

    Args:
        ranges: everything there is to read.
        files: where lines come from, by index.
    """

    def __init__(self, ranges: Sequence[PlannedRange], files: Sequence[SourceFile]):
        super().__init__()
        self.ranges, self.files = list(ranges), list(files)

    def expand(self, begin: beam.pvalue.PBegin) -> Any:
        read = (
            begin
            | "Ranges" >> beam.Create(self.ranges, reshuffle=False)
            | "Distribute" >> beam.Reshuffle()
            | beam.ParDo(_ReadRange(self.files))
            .with_output_types(pa.RecordBatch, tally=Tally)
            .with_outputs(TALLY_TAG, main="blocks")
        )
        return read.blocks, read[TALLY_TAG]


class _ReadRange(beam.DoFn):
    def __init__(self, files: list[SourceFile]):
        self.files = files

    def process(self, planned: PlannedRange) -> Iterator[Any]:
        file = self.files[planned.file]
        name = READ if file.split is None else f"{GIVEN}_{SPLITS[file.split]}"
        try:
            for block in planned.source.read(planned.range_):
                yield beam.pvalue.TaggedOutput(TALLY_TAG, count(name, block.num_rows))
                progress.passed(progress.READ, block.num_rows)
                numbers = pa.array(np.full(block.num_rows, planned.file, np.int32))
                yield block.set_column(0, RAW.field("file"), numbers)
        except (InputError, OSError) as error:
            raise InputError(f"{file.parameter}: {error}") from None
