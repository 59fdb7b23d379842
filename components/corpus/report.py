"""What the pipeline found out, on its way back to the launcher: one file, because workers may be anywhere."""

import pickle
from collections.abc import Iterable
from typing import Any

import apache_beam as beam

from components.corpus.files import open_raw, write_file

_FILE = "report.pickle"


class WriteReport(beam.PTransform):
    """{name: collection} → one file with all their elements. They must be few."""

    def __init__(self, folder: str):
        super().__init__()
        self.folder = folder

    def expand(self, parts):  # type: ignore[no-untyped-def]  # Beam warns of a hint that is no PCollection.
        named = [
            part | f"Name {name}" >> beam.Map(_named, name).with_output_types(tuple[str, Any])
            for name, part in parts.items()
        ]
        return named | beam.Flatten() | beam.combiners.ToList() | beam.Map(_write, self.folder).with_output_types(None)


def read_report(folder: str) -> dict[str, list[Any]]:
    """Name → elements, in no particular order."""
    report: dict[str, list[Any]] = {}
    with open_raw(f"{folder}/{_FILE}") as file:
        for name, element in pickle.load(file):
            report.setdefault(name, []).append(element)
    return report


def report_file(folder: str) -> str:
    return f"{folder}/{_FILE}"


def _named(element: Any, name: str) -> tuple[str, Any]:
    return name, element


def _write(elements: Iterable[tuple[str, Any]], folder: str) -> None:
    write_file(report_file(folder), [pickle.dumps(list(elements))])
