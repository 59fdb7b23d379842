"""Reading: from the parts of the sources to raw blocks."""

from collections.abc import Iterator, Sequence
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa

from components.corpus import progress
from components.corpus.blocks import RAW
from components.corpus.places import Place
from components.corpus.sources import Source, Work
from components.corpus.tally import TALLY_TAG, Tally, count
from components.dataset.manifest import SPLITS
from components.errors import InputError

# Names of tallies; the split's name follows the second one.
READ, GIVEN = "read", "given"


class Read(beam.PTransform):
    """Reads sources in parallel, part by part, as blocks of schema ``RAW``; ``tally`` beside ``blocks``.

    Args:
        sources: checked sources.
        parts: (index of the source, index of the place, part) for everything there is to read.
        places: where lines come from, by index.
    """

    def __init__(self, sources: Sequence[Source], parts: Sequence[tuple[int, int, Work]], places: Sequence[Place]):
        super().__init__()
        self.sources, self.parts, self.places = list(sources), list(parts), list(places)

    def expand(self, begin: beam.pvalue.PBegin) -> Any:
        read = (
            begin
            | "Parts" >> beam.Create(self.parts, reshuffle=False)
            | "Deal" >> beam.Reshuffle()
            | beam.ParDo(_ReadPart(self.sources, self.places))
            .with_output_types(pa.RecordBatch, tally=Tally)
            .with_outputs(TALLY_TAG, main="blocks")
        )
        return read.blocks, read[TALLY_TAG]


class _ReadPart(beam.DoFn):
    def __init__(self, sources: list[Source], places: list[Place]):
        self.sources, self.places = sources, places

    def process(self, element: tuple[int, int, Work]) -> Iterator[Any]:
        source_index, place_index, work = element
        place = self.places[place_index]
        name = READ if place.split is None else f"{GIVEN}_{SPLITS[place.split]}"
        try:
            for block in self.sources[source_index].read(work):
                yield beam.pvalue.TaggedOutput(TALLY_TAG, count(name, block.num_rows))
                progress.passed(progress.READ, block.num_rows)
                numbers = pa.array(np.full(block.num_rows, place_index, np.int32))
                yield block.set_column(0, RAW.field("place"), numbers)
        except (InputError, OSError) as error:
            raise InputError(f"{place.parameter}: {error}") from None
