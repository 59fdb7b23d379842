"""Counting what passes: Beam counters for who watches, and tallies that travel with the data and reach the manifest.

Counters may count a retried bundle twice on a distributed runner; a tally is an element like any other and does not.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.pvalue import TaggedOutput

TALLY = "tally"
NAMESPACE = "prepare"


def count(name: str, number: int) -> TaggedOutput:
    """Adds to the Beam counter ``prepare/name`` and gives the element that adds to the tally."""
    Metrics.counter(NAMESPACE, name).inc(number)
    return TaggedOutput(TALLY, {name: number})


class SumTallies(beam.CombineFn):
    """Tallies ``{name: number}`` added up."""

    def create_accumulator(self) -> Counter:
        return Counter()

    def add_input(self, accumulator: Counter, element: Mapping[str, int]) -> Counter:
        accumulator.update(element)
        return accumulator

    def merge_accumulators(self, accumulators: Iterable[Counter]) -> Counter:
        return sum(accumulators, Counter())

    def extract_output(self, accumulator: Counter) -> dict[str, int]:
        return dict(accumulator)
