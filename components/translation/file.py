"""A whole file translated: parts through Beam, resumed where an earlier run stopped, put together at the end."""

import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from components.corpus.startup import import_beam
from components.errors import InputError
from components.serving.loading import find_model
from components.serving.options import TranslationOptions
from components.text.codec import TextCodec
from components.translation.formats import Format, format_of
from components.translation.job import Job
from components.translation.progress import progress
from components.translation.rows import Part
from components.translation.workspace import Workspace, appearing, check_writable, digest_of, plan_of

# Rows in a part: enough for batches of similar length, few enough for a bar that moves and little work done twice.
# Of a large file more, so that a folder does not hold a hundred thousand parts.
ROWS_A_PART, ROWS_A_LARGE_PART = 1024, 16_384
LARGE_BYTES = 100 << 20


@dataclass(frozen=True)
class FileReport:
    """What became of a file. ``resumed`` rows were translated by an earlier run; ``seconds`` are this run's."""

    model: str
    rows: int
    resumed: int
    failures: int
    failures_file: Path
    seconds: float

    @property
    def rows_per_second(self) -> float:
        return (self.rows - self.resumed) / max(self.seconds, 1e-9)


def translate_file(
    source: Path, target: Path, model: str, options: TranslationOptions, runner: str, beam_options: str
) -> FileReport:
    """Writes the translation of ``source`` to ``target``, whole or not at all.

    Rows that cannot be translated (not UTF-8, no text) go to ``TARGET.failed.jsonl`` with the reason. What is finished
    when a run is stopped stays in ``TARGET.parts``; the same call goes on from there.

    Raises:
        InputError: if parameters or files cannot be worked with, or if no row at all can be translated.
    """
    digest = digest_of(source)
    if target.exists() and target.samefile(source):
        raise InputError(f"output: {target} is the input file, must be another one")
    check_writable(target)
    found = find_model(model)
    language = TextCodec.load(found.folder / "artifacts" / "codec").settings.source_language
    format = format_of(source, target, options.n_best, language)
    parts = list(format.parts(source, ROWS_A_LARGE_PART if source.stat().st_size > LARGE_BYTES else ROWS_A_PART))
    workspace = Workspace(target.absolute())
    job = Job(source.absolute(), format, workspace, found.folder.absolute(), options)
    with workspace.opened(plan_of(digest, found.uri, options, parts)):
        missing = workspace.missing(parts)
        start = time.monotonic()
        if missing:
            # Late: importing Beam takes seconds (and brings TensorFlow, which writes a dozen lines about absent GPUs).
            os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
            import_beam(lean=True)
            from components.translation.pipeline import translate_parts

            with progress(workspace, parts):
                translate_parts(missing, job, runner, beam_options)
        seconds = time.monotonic() - start
        failures = _put_together(workspace, format, parts)
    workspace.remove()
    rows = sum(part.rows for part in parts)
    resumed = rows - sum(part.rows for part in missing)
    return FileReport(found.label, rows, resumed, failures, workspace.failures, seconds)


def _put_together(workspace: Workspace, format: Format, parts: Sequence[Part]) -> int:
    """Writes output and failures; returns how many rows failed.

    Raises:
        InputError: if all did: then the file is not what it was taken for.
    """
    failures = [workspace.part_failures(part) for part in parts if workspace.part_failures(part).exists()]
    lines = [line for path in failures for line in path.read_text(encoding="utf-8").splitlines()]
    rows = sum(part.rows for part in parts)
    if rows and len(lines) == rows:
        workspace.remove()
        reason = json.loads(lines[0])["reason"]
        raise InputError(f"input: none of the {rows} rows can be translated; line 1 {reason}")
    if lines:
        with appearing(workspace.failures) as path:
            path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    else:
        workspace.failures.unlink(missing_ok=True)
    with appearing(workspace.output) as path:
        format.merge([workspace.part(part) for part in parts], path)
    return len(lines)
