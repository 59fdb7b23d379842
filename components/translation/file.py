"""A whole file translated or scored: ranges of rows through Beam, resumed from an earlier run, merged at the end."""

import json
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass

from components.bar import bar
from components.corpus.files import file_size, is_remote
from components.errors import InputError
from components.serving.package import find_model
from components.serving.translator import TranslatorSettings
from components.text.codec import TextCodec
from components.translation.access import check_access, digest_of
from components.translation.formats import RowRange, check_endings, format_of
from components.translation.staging import LocalStaging, RemoteStaging, Staging
from components.translation.tasks import Task

# Rows in a range: enough for batches of similar length, few enough for frequent progress and little work done twice.
# Of a large file more, so that the staging directory does not hold a hundred thousand files.
RANGE_ROWS, LARGE_RANGE_ROWS = 1024, 16_384
LARGE_BYTES = 100 << 20


@dataclass(frozen=True)
class FileReport:
    """The result for a file. ``resumed`` rows were done by an earlier run; ``seconds`` are this run's."""

    model: str
    output: str
    rows: int
    resumed: int
    failures: int
    failures_file: str
    seconds: float

    @property
    def rows_per_second(self) -> float:
        return (self.rows - self.resumed) / max(self.seconds, 1e-9)


def run_file(source: str, target: str, model: str, task: Task, runner: str, beam_options: str) -> FileReport:
    """Writes the task's results for ``source`` to ``target``, paths or URLs: here as one file, elsewhere as shards.

    Rows without a result (not UTF-8, no text) go to ``TARGET.failed.jsonl`` with the reason. What is finished
    when a run is stopped stays in ``TARGET.parts``; the same call resumes from there.

    Raises:
        InputError: if parameters or files are not valid, or if no row at all has a result.
    """
    check_endings(source, target)
    shares_files = check_access(source, target, runner, beam_options)
    source_digest = digest_of(source)
    found = find_model(model)
    task.check(TranslatorSettings.load(found.codec_folder))
    format = format_of(source, task, TextCodec.load(found.codec_folder).settings.languages)
    ranges = list(format.ranges(source, LARGE_RANGE_ROWS if file_size(source) > LARGE_BYTES else RANGE_ROWS))
    # What decides the content of the output, and how it is divided into ranges: equal plans, equal texts.
    plan = json.dumps(
        {
            "input": source_digest,
            "model": found.digest(),
            "task": task.name,
            **asdict(task),  # type: ignore[call-overload]
            "rows_a_part": [rows.count for rows in ranges],
        },
        indent=2,
        sort_keys=True,
    )
    staging: Staging = (
        RemoteStaging(target, plan, shares_files) if is_remote(target) else LocalStaging(os.path.abspath(target))
    )
    with staging.opened(plan):
        missing = staging.missing(ranges)
        start = time.monotonic()
        if missing:
            # Late: importing Beam takes seconds (and brings TensorFlow, which logs a dozen lines about missing GPUs).
            os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
            from components.translation.pipeline import Job, run_ranges

            path = source if is_remote(source) else os.path.abspath(source)
            job = Job(path, format, staging, staging.model(found.folder), task)
            with _progress(staging, ranges, task):
                run_ranges(missing, job, runner, beam_options)
        seconds = time.monotonic() - start
        failures = _failures(staging, ranges, task)
        output = staging.publish(format, ranges, failures)
        staging.remove()
    total, new = _count(ranges), _count(missing)
    return FileReport(found.label, output, total, total - new, len(failures), staging.failures, seconds)


def _count(ranges: Sequence[RowRange]) -> int:
    return sum(rows.count for rows in ranges)


def _failures(staging: Staging, ranges: Sequence[RowRange], task: Task) -> list[str]:
    """The rows that failed, a line of JSON each.

    Raises:
        InputError: if all did: then the file is not in the format that its name says.
    """
    finished = staging.finished()
    names = [name for rows in ranges if (name := staging.failures_name(rows)) in finished]
    lines = [line for name in names for line in staging.read(name).splitlines()]
    if lines and len(lines) == _count(ranges):
        staging.remove()
        reason = json.loads(lines[0])["reason"]
        raise InputError(f"input: none of the {len(lines)} rows can be {task.done}; line 1 {reason}")
    return lines


@contextmanager
def _progress(staging: Staging, ranges: Sequence[RowRange], task: Task) -> Iterator[None]:
    """Shows, while the block runs, how many rows are done and how fast, whichever process does them."""
    missing = staging.missing(ranges)
    total = _count(ranges)
    with bar(task.name, total, "rows", total - _count(missing)) as update:
        ended = threading.Event()

        def watch() -> None:
            remaining = missing
            while remaining:
                last = ended.wait(staging.period)
                before = _count(remaining)
                # A poll that fails is skipped; the next one may succeed.
                with suppress(Exception):
                    remaining = staging.missing(remaining)
                update(before - _count(remaining))
                if last:
                    return

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
