"""The Beam pipeline that translates or scores ranges of a file with RunInference, each into a file of its own."""

import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.metrics import Metrics
from apache_beam.ml.inference.base import ModelHandler, RunInference
from apache_beam.utils.shared import Shared

from components.corpus.files import download, is_remote, remote_access, sizes_below
from components.corpus.runners.launch import Launch
from components.serving.package import FoundModel
from components.serving.translator import Translator
from components.translation.formats import Format, RowRange
from components.translation.staging import Staging
from components.translation.tasks import Task


@dataclass(frozen=True)
class Job:
    """What every worker must know. Picklable.

    ``source`` (the input) and ``model`` (the folder of a packaged model) are paths or URLs that every worker can read.
    """

    source: str
    format: Format
    staging: Staging
    model: str
    task: Task


@dataclass(frozen=True)
class KeyedTexts:
    """The texts of some rows, each; None for rows that have none. ``key``, such as their range, says which rows."""

    key: Any
    texts: tuple[tuple[str, ...] | None, ...]


@dataclass(frozen=True)
class KeyedResults:
    """For each of these rows the task's result, and the fault if that is none; rows without text have neither."""

    key: Any
    results: tuple[Any | None, ...]
    faults: tuple[str, ...]


class RunRanges(beam.PTransform):
    """Ranges of the input → their numbers of rows; the results are files in the staging directory."""

    def __init__(self, job: Job):
        super().__init__()
        self._job = job

    def expand(self, ranges: beam.PCollection) -> beam.PCollection:
        return (
            ranges
            | "Distribute" >> beam.Reshuffle()
            | "Read" >> beam.ParDo(ReadRange(self._job)).with_output_types(KeyedTexts)
            | "Run" >> RunInference(TranslatorHandler(self._job.model, self._job.task))
            | "Write" >> beam.ParDo(WriteRange(self._job)).with_output_types(int)
        )


class ReadRange(beam.DoFn):
    """The texts of a range. Counts ``rows_read``."""

    def __init__(self, job: Job):
        self._job = job
        self._read = Metrics.counter(job.task.name, "rows_read")

    def process(self, rows: RowRange) -> Iterator[KeyedTexts]:
        found = self._job.format.read(self._job.source, rows)
        self._read.inc(len(found))
        yield KeyedTexts(rows, tuple(None if row.fault else row.texts for row in found))


class TranslatorHandler(ModelHandler[KeyedTexts, KeyedResults, Translator]):
    """The translator as a model of RunInference: loaded once for each worker process; a key is a batch of its own.

    Args:
        model: the folder of a packaged translator, path or URL, where every worker finds it.
        task: what it does with each row.
    """

    def __init__(self, model: str, task: Task):
        super().__init__(min_batch_size=1, max_batch_size=1)
        self._model = model
        self._task = task

    def load_model(self) -> Translator:
        if not is_remote(self._model):
            return _load(Path(self._model))
        with tempfile.TemporaryDirectory(prefix="model-") as folder:
            with remote_access(f"model: {self._model}"):
                for name in sizes_below(self._model):
                    download(f"{self._model}/{name}", Path(folder, name))
            return _load(Path(folder))

    def run_inference(
        self, batch: Sequence[KeyedTexts], model: Translator, inference_args: dict[str, Any] | None = None
    ) -> Iterable[KeyedResults]:
        """The results of the rows of each key, in their order."""
        for given in batch:
            rows = [texts for texts in given.texts if texts is not None]
            found: list[tuple[Any | None, str]]
            try:
                found = [(result, self._task.fault(result)) for result in self._task.run(model, rows)]
            except Exception:  # One of them cannot be translated, whatever the reason; the others can.
                found = [self._run_alone(model, texts) for texts in rows]
            results = iter(found)
            in_order = [(None, "") if texts is None else next(results) for texts in given.texts]
            done, faults = zip(*in_order, strict=True) if in_order else ((), ())
            yield KeyedResults(given.key, done, faults)

    def _run_alone(self, translator: Translator, texts: tuple[str, ...]) -> tuple[Any | None, str]:
        try:
            (result,) = self._task.run(translator, [texts])
            return result, self._task.fault(result)
        except Exception as error:
            return None, f"cannot be {self._task.done}: {type(error).__name__}: {error}"


def _load(folder: Path) -> Translator:
    found = FoundModel(folder, str(folder))
    return Translator.load(found.saved_model, found.codec_folder)


class WriteRange(beam.DoFn):
    """Writes the results of a range, and the rows that failed. Counts ``rows_written`` and ``failures``."""

    def __init__(self, job: Job):
        self._job = job
        self._written = Metrics.counter(job.task.name, "rows_written")
        self._failed = Metrics.counter(job.task.name, "failures")

    def process(self, found: KeyedResults) -> Iterator[int]:
        rows, staging = found.key, self._job.staging
        failures = [
            {"line": row.number, "reason": row.fault or fault, "content": row.content}
            for row, fault in zip(self._job.format.read(self._job.source, rows), found.faults, strict=True)
            if row.fault or fault
        ]
        if failures:
            # Before the results: a range that is there has everything that belongs to it.
            with staging.writing(staging.failures_name(rows)) as path:
                path.write_text("".join(json.dumps(failure) + "\n" for failure in failures), encoding="utf-8")
        with staging.writing(staging.name(rows)) as path:
            self._job.format.write(self._job.source, rows, found.results, path)
        self._written.inc(rows.count)
        self._failed.inc(len(failures))
        yield rows.count


def run_ranges(ranges: Sequence[RowRange], job: Job, runner: str, beam_options: str) -> None:
    """Runs the pipeline to its end.

    Raises:
        InputError: if an option is none of Beam's.
    """
    launch = Launch(runner, beam_options)
    _ = launch.pipeline | "Ranges" >> beam.Create(ranges).with_output_types(RowRange) | "File" >> RunRanges(job)
    launch.run()
    # Beam keeps the model of this process until it is given another one. TensorFlow logs an error for one that is
    # still there at exit.
    Shared().acquire(set)
