"""The Beam pipeline that translates the parts of a file, each into a file of its own."""

import json
from collections.abc import Iterator, Sequence

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.ml.inference.base import RunInference
from apache_beam.utils.shared import Shared

from components.corpus.runners.launch import Launch
from components.translation.handler import PartTexts, PartTranslations, TranslatorHandler
from components.translation.job import Job
from components.translation.rows import Part


class TranslateParts(beam.PTransform):
    """Parts of the input → their numbers of rows; what it is about are the files in the workspace."""

    def __init__(self, job: Job):
        super().__init__()
        self._job = job

    def expand(self, parts: beam.PCollection) -> beam.PCollection:
        return (
            parts
            | "Distribute" >> beam.Reshuffle()
            | "Read" >> beam.ParDo(ReadPart(self._job)).with_output_types(PartTexts)
            | "Translate" >> RunInference(TranslatorHandler(self._job.model, self._job.options))
            | "Write" >> beam.ParDo(WritePart(self._job)).with_output_types(int)
        )


class ReadPart(beam.DoFn):
    """The texts of a part. Counts ``rows_read``."""

    def __init__(self, job: Job):
        self._job = job
        self._rows = Metrics.counter("translate", "rows_read")

    def process(self, part: Part) -> Iterator[PartTexts]:
        rows = self._job.format.read(self._job.source, part)
        self._rows.inc(len(rows))
        yield PartTexts(part, tuple(None if row.fault else row.text for row in rows))


class WritePart(beam.DoFn):
    """Writes a part of the output and, if there are any, the rows that failed.

    Counts ``rows_written`` and ``failures``.
    """

    def __init__(self, job: Job):
        self._job = job
        self._written = Metrics.counter("translate", "rows_written")
        self._failed = Metrics.counter("translate", "failures")

    def process(self, translated: PartTranslations) -> Iterator[int]:
        part, workspace = translated.part, self._job.workspace
        rows = self._job.format.read(self._job.source, part)
        failures = [
            {"line": row.number, "reason": row.fault or fault, "content": row.content}
            for row, fault in zip(rows, translated.faults, strict=True)
            if row.fault or fault
        ]
        if failures:
            # Before the part itself: who sees the part has everything that belongs to it.
            with workspace.appearing(workspace.part_failures(part)) as path:
                path.write_text("".join(json.dumps(failure) + "\n" for failure in failures), encoding="utf-8")
        with workspace.appearing(workspace.part(part)) as path:
            self._job.format.write(self._job.source, part, translated.found, path)
        self._written.inc(part.rows)
        self._failed.inc(len(failures))
        yield part.rows


def translate_parts(parts: Sequence[Part], job: Job, runner: str, beam_options: str) -> None:
    """Runs the pipeline to its end.

    Raises:
        InputError: if an option is none of Beam's.
    """
    launch = Launch(runner, beam_options)
    _ = launch.pipeline | "Parts" >> beam.Create(parts).with_output_types(Part) | "File" >> TranslateParts(job)
    launch.run()
    # Beam keeps the model of this process until it is given another one. TensorFlow complains of what lives at exit.
    Shared().acquire(set)
