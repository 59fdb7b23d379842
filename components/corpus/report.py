"""What the pipeline found out, on its way back to the launcher: one file, because workers may be anywhere."""

import pickle
from collections.abc import Iterable
from typing import Any

import apache_beam as beam

from components.corpus.files import exists, open_raw, remove_file, write_file


class WriteReport(beam.PTransform):
    """Collections of small objects → one file with all of them. They must be few."""

    def __init__(self, folder: str):
        super().__init__()
        self.folder = folder

    # Without hints: Beam warns of a tuple of collections.
    def expand(self, parts):  # type: ignore[no-untyped-def]
        return parts | beam.Flatten() | AllTogether() | "Write" >> beam.Map(_write, self.folder)


class AllTogether(beam.PTransform):
    """A collection → one list of all its elements, in no particular order; nothing if there is no element."""

    def expand(self, elements: beam.PCollection) -> beam.PCollection:
        return (
            elements
            | beam.Map(_keyed).with_output_types(tuple[int, Any])
            | beam.GroupByKey()
            | "List" >> beam.MapTuple(_listed)
        )


def report_file(folder: str) -> str:
    return f"{folder}/report.pickle"


def take_report(folder: str) -> list[Any]:
    """The objects, in no particular order; none if the pipeline had nothing to say. The file goes."""
    if not exists(report_file(folder)):
        return []
    with open_raw(report_file(folder)) as file:
        told = pickle.load(file)
    remove_file(report_file(folder))
    return told


def _keyed(element: Any) -> tuple[int, Any]:
    return 0, element


def _listed(key: int, elements: Iterable[Any]) -> list[Any]:
    return list(elements)


def _write(elements: list[Any], folder: str) -> None:
    write_file(report_file(folder), [pickle.dumps(elements)])
