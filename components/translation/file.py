"""A whole file translated: parts through Beam, resumed where an earlier run stopped, put together at the end."""

import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from components.corpus.files import file_size, is_remote
from components.errors import InputError
from components.serving.options import TranslationOptions
from components.serving.package import find_model
from components.serving.translator import TranslatorSettings
from components.text.codec import TextCodec
from components.translation.formats import check_endings, format_of
from components.translation.job import Job
from components.translation.local_workspace import LocalWorkspace
from components.translation.progress import progress
from components.translation.reach import check_reach, digest_of
from components.translation.remote_workspace import RemoteWorkspace
from components.translation.rows import Part
from components.translation.workspace import Workspace

# Rows in a part: enough for batches of similar length, few enough for a bar that moves and little work done twice.
# Of a large file more, so that a folder does not hold a hundred thousand parts.
ROWS_A_PART, ROWS_A_LARGE_PART = 1024, 16_384
LARGE_BYTES = 100 << 20


@dataclass(frozen=True)
class FileReport:
    """What became of a file. ``resumed`` rows were translated by an earlier run; ``seconds`` are this run's."""

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


def translate_file(
    source: str, target: str, model: str, options: TranslationOptions, runner: str, beam_options: str
) -> FileReport:
    """Writes the translation of ``source`` to ``target``, paths or URLs: here as one file, elsewhere as shards.

    Rows that cannot be translated (not UTF-8, no text) go to ``TARGET.failed.jsonl`` with the reason. What is finished
    when a run is stopped stays in ``TARGET.parts``; the same call goes on from there.

    Raises:
        InputError: if parameters or files cannot be worked with, or if no row at all can be translated.
    """
    check_endings(source, target)
    shares_files = check_reach(source, target, runner, beam_options)
    digest = digest_of(source)
    found = find_model(model)
    TranslatorSettings.load(found.codec_folder).check(options)
    language = TextCodec.load(found.codec_folder).settings.source_language
    format = format_of(source, options.n_best, language)
    parts = list(format.parts(source, ROWS_A_LARGE_PART if file_size(source) > LARGE_BYTES else ROWS_A_PART))
    plan = _plan(digest, found.digest(), options, parts)
    workspace: Workspace = (
        RemoteWorkspace(target, plan, shares_files) if is_remote(target) else LocalWorkspace(os.path.abspath(target))
    )
    with workspace.opened(plan):
        missing = workspace.missing(parts)
        start = time.monotonic()
        if missing:
            place = source if is_remote(source) else os.path.abspath(source)
            job = Job(place, format, workspace, workspace.model(found.folder), options)
            # Late: importing Beam takes seconds (and brings TensorFlow, which writes a dozen lines about absent GPUs).
            os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
            from components.translation.pipeline import translate_parts

            with progress(workspace, parts):
                translate_parts(missing, job, runner, beam_options)
        seconds = time.monotonic() - start
        failures = _failures(workspace, parts)
        output = workspace.publish(format, parts, failures)
        workspace.remove()
    rows = sum(part.rows for part in parts)
    resumed = rows - sum(part.rows for part in missing)
    return FileReport(found.label, output, rows, resumed, len(failures), workspace.failures, seconds)


def _plan(source_digest: str, model_digest: str, options: TranslationOptions, parts: Sequence[Part]) -> str:
    """What decides the content of the output, and how it is cut into parts: equal plans, equal texts."""
    rows = [part.rows for part in parts]
    plan = {"input": source_digest, "model": model_digest, "options": asdict(options), "rows_a_part": rows}
    return json.dumps(plan, indent=2, sort_keys=True)


def _failures(workspace: Workspace, parts: Sequence[Part]) -> list[str]:
    """What is to be told of the rows that failed, a line each.

    Raises:
        InputError: if all did: then the file is not what it was taken for.
    """
    finished = workspace.finished()
    names = [name for part in parts if (name := workspace.part_failures(part)) in finished]
    lines = [line for name in names for line in workspace.read(name).splitlines()]
    rows = sum(part.rows for part in parts)
    if rows and len(lines) == rows:
        workspace.remove()
        reason = json.loads(lines[0])["reason"]
        raise InputError(f"input: none of the {rows} rows can be translated; line 1 {reason}")
    return lines
