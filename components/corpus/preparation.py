"""From a plan to a dataset: runs the pipeline and writes what belongs beside the records."""

import logging
import time
from functools import partial

import apache_beam as beam

from components.corpus.blocks import SIDES
from components.corpus.destination import StagingDirectory
from components.corpus.files import PARTIAL
from components.corpus.manifest import make_manifest
from components.corpus.pipeline import build
from components.corpus.plan import Plan
from components.corpus.progress import passed_here, progress
from components.corpus.report import NAMESPACE, PrepareReport, take_report
from components.corpus.runners.launch import Launch
from components.dataset.heldout import write_heldout
from components.dataset.manifest import SPLITS, Manifest
from components.text.codec import TextCodec
from components.text.vocabulary import Vocabulary

_logger = logging.getLogger(__name__)


def prepare(
    plan: Plan, staging: StagingDirectory, scores: beam.PTransform | None = None
) -> tuple[Manifest, dict[str, float]]:
    """Runs the pipeline and makes a dataset of what it leaves in ``staging``; ``scores`` are for filtering.

    Returns:
        The manifest, and what the run was like: Beam's counters (as far as the runner reports them) and the speed.

    Raises:
        InputError: if an input turns out to be unreadable, or if no pair is left for training.
        ValueError: if lines were lost on the way, which would be a defect of this program.
    """
    launch = Launch(plan.parameters.runner, plan.parameters.beam_options)
    build(launch.pipeline, plan, staging.worker_path, scores)
    watched = (passed_here,) if launch.counts_here else (partial(launch.counters, NAMESPACE), launch.state)
    with progress(*watched):
        began = time.monotonic()
        launch.run()
        seconds = time.monotonic() - began
    report, folder = take_report(staging.worker_path), staging.folder
    for left_over in folder.rglob(f"*{PARTIAL}"):
        left_over.unlink()
    for split in SPLITS[1:]:
        if split not in report.held_out:
            report.held_out[split] = write_heldout(folder, split, [], split in plan.given)
    manifest = make_manifest(plan, report)
    source, target = (Vocabulary(report.ranked[side].vocabulary()) for side in SIDES)
    source_learnt, target_learnt = (report.learnt[side] for side in SIDES)
    TextCodec(plan.codec_settings, source, target, (source_learnt, target_learnt)).save(folder)
    manifest.save(folder)
    return manifest, _figures(launch, report, seconds)


def _figures(launch: Launch, report: PrepareReport, seconds: float) -> dict[str, float]:
    """What the run of the pipeline was like, for the tracking run. Beam may count a retried bundle twice."""
    counters = launch.counters(NAMESPACE)
    if not counters:
        _logger.warning("prepare: %s reports no counters; the tracking run goes without them", launch.runner.name)
    return {
        "beam_records_written" if name == "written" else f"beam_lines_{name}": float(count)
        for name, count in counters.items()
    } | {"beam_seconds": seconds, "beam_pairs_per_second": sum(report.read.values()) / seconds}
