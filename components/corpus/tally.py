"""Counting what passes: Beam counters for who watches, and tallies that travel with the data and reach the manifest.

Counters may count a retried bundle twice on a distributed runner; a tally is an element like any other and does not.
"""

from dataclasses import dataclass

from apache_beam.metrics import Metrics

TALLY_TAG = "tally"
NAMESPACE = "prepare"


@dataclass(frozen=True)
class Tally:
    """So many lines passed the point of that name."""

    name: str
    lines: int


def count(name: str, lines: int) -> Tally:
    """Adds to the Beam counter ``prepare/NAME`` and gives the element that says the same."""
    Metrics.counter(NAMESPACE, name).inc(lines)
    return Tally(name, lines)
