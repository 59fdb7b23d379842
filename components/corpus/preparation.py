"""From a plan to a dataset: runs the pipeline and writes what belongs beside the records."""

import logging
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from components.corpus.cleaning import NORMALIZED
from components.corpus.destination import StagingDirectory
from components.corpus.encoding import RecordFacts
from components.corpus.files import PARTIAL
from components.corpus.parameters import PrepareParameters
from components.corpus.pipeline import build
from components.corpus.plan import CORPORA, Plan
from components.corpus.progress import passed_here, progress
from components.corpus.reading import GIVEN, READ
from components.corpus.report import take_report
from components.corpus.runners.launch import Launch
from components.corpus.statistics import gather_statistics
from components.corpus.tally import NAMESPACE, Tally
from components.corpus.tokenizing import SIDES, PartitionFacts
from components.corpus.vocabulary_count import RankedTokens
from components.corpus.writing import DUPLICATES, REJECTED, WRITTEN, HeldOutFile, RecordFile
from components.dataset.heldout import write_heldout
from components.dataset.manifest import SPLITS, BucketRecords, Counts, HeldOut, Manifest, VocabularyFacts
from components.dataset.records import format_fingerprint
from components.errors import InputError
from components.text.codec import CodecSettings, TextCodec
from components.text.vocabulary import Vocabulary

_logger = logging.getLogger(__name__)


def prepare(plan: Plan, staging: StagingDirectory) -> tuple[Manifest, dict[str, float]]:
    """Runs the pipeline and makes a dataset of what it leaves in ``staging``.

    Returns:
        The manifest, and what the run was like: Beam's counters (as far as the runner tells them) and the speed.

    Raises:
        InputError: if an input turns out to be unreadable, or if no pair is left for training.
        ValueError: if lines were lost on the way, which would be a defect of this program.
    """
    parameters = plan.parameters
    launch = Launch(parameters.runner, parameters.beam_options)
    build(launch.pipeline, plan, staging.worker_path)
    watched = (passed_here,) if launch.counts_here else (partial(launch.counters, NAMESPACE), launch.state)
    with progress(*watched):
        began = time.monotonic()
        launch.run()
        seconds = time.monotonic() - began
    report, folder = Report(take_report(staging.worker_path)), staging.folder
    for left_over in folder.rglob(f"*{PARTIAL}"):
        left_over.unlink()

    splits = {split: _buckets(report.files, split, parameters.bucket_width) for split in SPLITS}
    counts = _counts(plan, report.tallies, splits)
    _check_kept(plan, counts, splits, report.tallies)
    settings = CodecSettings(
        parameters.source_language, parameters.target_language, parameters.tokenizer, parameters.reverse_source
    )
    source, target = (Vocabulary(report.ranked[side].vocabulary()) for side in SIDES)
    source_learnt, target_learnt = (report.learnt.get(side, b"") for side in SIDES)
    TextCodec(settings, source, target, (source_learnt, target_learnt)).save(folder)
    for split in SPLITS[1:]:
        if split not in report.held_out:
            report.held_out[split] = write_heldout(folder, split, [], split in plan.given)
    _check_held_out(plan, report, splits)
    manifest = Manifest(
        key=plan.key,
        fingerprint=format_fingerprint(sum(file.facts.fingerprint for file in report.files)),
        parameters=plan.effective,
        counts=counts,
        splits=splits,
        vocabularies={
            side: VocabularyFacts(
                language=language,
                distinct_tokens=report.ranked[side].distinct,
                size=len(report.ranked[side].vocabulary()),
                oov_rate=round(report.ranked[side].oov_rate, 6),
            )
            for side, language in zip(SIDES, (parameters.source_language, parameters.target_language), strict=True)
        },
        heldout={split: report.held_out[split] for split in SPLITS[1:]},
        statistics=gather_statistics(
            report.facts,
            report.files,
            {side: report.ranked[side] for side in SIDES},
            normalized=report.tallies[NORMALIZED],
        ),
    )
    manifest.save(folder)
    return manifest, _figures(launch, report.tallies, seconds)


def _figures(launch: Launch, tallies: Counter[str], seconds: float) -> dict[str, float]:
    """What the run of the pipeline was like, for the tracking run. Beam may count a retried bundle twice."""
    counters = launch.counters(NAMESPACE)
    if not counters:
        _logger.warning("prepare: %s tells no counters; the tracking run goes without them", launch.runner.name)
    pairs = sum(lines for name, lines in tallies.items() if name == READ or name.startswith(GIVEN))
    return {
        "beam_records_written" if name == WRITTEN else f"beam_lines_{name}": float(count)
        for name, count in counters.items()
    } | {"beam_seconds": seconds, "beam_pairs_per_second": pairs / seconds}


class Report:
    """What the pipeline reported, by kind."""

    def __init__(self, told: Iterable[Any]):
        self.tallies: Counter[str] = Counter()
        self.facts: list[PartitionFacts] = []
        self.files: list[RecordFile] = []
        self.learnt: dict[str, bytes] = {}
        self.ranked: dict[str, RankedTokens] = {}
        self.held_out: dict[str, HeldOut] = {}
        for item in told:
            match item:
                case Tally():
                    self.tallies[item.name] += item.lines
                case PartitionFacts():
                    self.facts.append(item)
                case RecordFile():
                    self.files.append(item)
                case HeldOutFile():
                    self.held_out[item.split] = item.facts
                case (str(side), bytes(learnt)):
                    self.learnt[side] = learnt
                case (str(side), RankedTokens() as ranked):
                    self.ranked[side] = ranked
                case _:
                    raise TypeError(f"the pipeline reported a {type(item).__name__}")


def _buckets(files: Sequence[RecordFile], split: str, width: int) -> tuple[BucketRecords, ...]:
    by_low: dict[int, list[RecordFile]] = defaultdict(list)
    for file in files:
        if file.split == split:
            by_low[file.low].append(file)
    buckets = []
    for low, members in sorted(by_low.items()):
        facts = sum((file.facts for file in members), RecordFacts())
        buckets.append(
            BucketRecords(
                low=low,
                high=low + width - 1,
                files=tuple(sorted(file.file for file in members)),
                bytes=sum(file.bytes for file in members),
                records=facts.records,
                source_tokens=facts.source_tokens,
                target_tokens=facts.target_tokens,
                padding=round(1 - facts.target_tokens / (facts.records * facts.longest_target), 6),
            )
        )
    return tuple(buckets)


def _counts(plan: Plan, tallies: Counter[str], splits: dict[str, tuple[BucketRecords, ...]]) -> Counts:
    """What became of the corpus' lines. What was read is counted where it is read, the rest where it is written."""
    corpus_splits = [split for split in SPLITS if split not in plan.given]
    return Counts(
        read=tallies[READ],
        kept=sum(bucket.records for split in corpus_splits for bucket in splits[split]),
        duplicates=tallies[DUPLICATES],
        rejected={
            name.removeprefix(REJECTED): lines for name, lines in sorted(tallies.items()) if name.startswith(REJECTED)
        },
    )


def _check_kept(
    plan: Plan, counts: Counts, splits: dict[str, tuple[BucketRecords, ...]], tallies: Counter[str]
) -> None:
    parameters: PrepareParameters = plan.parameters
    if not counts.read:
        raise InputError(f"corpus: {parameters.corpus} is empty; at least one pair of sentences is needed")
    for name, split in CORPORA.items():
        if split in plan.given and not tallies[f"{GIVEN}_{split}"]:
            raise InputError(f"{name}: {getattr(parameters, name)} is empty; at least one pair of sentences is needed")
    if not splits["train"]:
        reasons = {"duplicate": counts.duplicates, **counts.rejected, "held out by share": counts.kept}
        told = ", ".join(f"{reason} {lines}" for reason, lines in reasons.items() if lines)
        raise InputError(f"corpus: none of the {counts.read} pairs is left for training ({told})")


def _check_held_out(plan: Plan, report: Report, splits: dict[str, tuple[BucketRecords, ...]]) -> None:
    for split in SPLITS[1:]:
        given, written = split in plan.given, report.held_out[split].sentences
        wanted = report.tallies[f"{GIVEN}_{split}"] if given else sum(bucket.records for bucket in splits[split])
        if written != wanted:
            raise ValueError(f"{split} has {wanted} pairs, but {written} are in {report.held_out[split].file}")
