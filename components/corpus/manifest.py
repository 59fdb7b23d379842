"""From the pipeline's report to the manifest: counts, buckets, vocabularies and statistics, and what must agree."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from components.corpus.blocks import SIDES
from components.corpus.plan import Plan
from components.corpus.report import (
    PartitionFacts,
    PrepareReport,
    RankedTokens,
    RecordFacts,
    RecordFile,
    add_histograms,
    ratio_bins,
)
from components.corpus.rules import DUPLICATE
from components.dataset.manifest import GIVEN, SPLITS, BucketRecords, Counts, Manifest, VocabularyFacts
from components.dataset.records import Bucket, format_fingerprint
from components.errors import InputError

# Points of the vocabulary's coverage curve.
_CURVE_POINTS = 40


def make_manifest(plan: Plan, report: PrepareReport) -> Manifest:
    """The manifest of the dataset that the pipeline has written.

    Raises:
        InputError: if no pair is left for training, or a corpus is empty.
        ValueError: if lines were lost on the way, which would be a defect of this program.
    """
    read: Counter[str] = Counter()
    for file, lines in report.read.items():
        read[plan.files[file].parameter] += lines
    width, languages = plan.parameters.bucket_width, (plan.parameters.source_language, plan.parameters.target_language)
    splits = {split: _buckets(plan, report.files, split, width) for split in SPLITS}
    # What was read is counted where it is read, the rest where it is written.
    counts = Counts(
        read=read["corpus"],
        kept=sum(bucket.records for split in SPLITS if split not in plan.given for bucket in splits[split]),
        duplicates=report.rejected.get(DUPLICATE, 0),
        rejected={rule: lines for rule, lines in sorted(report.rejected.items()) if rule != DUPLICATE},
    )
    for parameter in plan.corpora:
        if not read[parameter]:
            raise InputError(
                f"{parameter}: {getattr(plan.parameters, parameter)} is empty; at least one pair of sentences is needed"
            )
    if not splits["train"]:
        reasons = {"duplicate": counts.duplicates, **counts.rejected, "held out by share": counts.kept}
        listed = ", ".join(f"{reason} {lines}" for reason, lines in reasons.items() if lines)
        raise InputError(f"corpus: none of the {counts.read} pairs is left for training ({listed})")
    for split, written in report.held_out.items():
        given = split in plan.given
        expected = read[f"{split}_corpus"] if given else sum(bucket.records for bucket in splits[split])
        if written.sentences != expected:
            raise ValueError(f"{split} has {expected} pairs, but {written.sentences} are in {written.file}")
    return Manifest(
        key=plan.key,
        fingerprint=format_fingerprint(sum(file.facts.fingerprint for file in report.files)),
        parameters=plan.effective,
        counts=counts,
        splits=splits,
        vocabularies={
            side: VocabularyFacts(
                language=language,
                distinct_tokens=int(np.count_nonzero(report.ranked[side].counts)),
                size=len(report.ranked[side].vocabulary()),
                oov_rate=0.0,  # Every token that a tokenizer gives is in its vocabulary.
            )
            for side, language in zip(SIDES, languages, strict=True)
        },
        heldout={split: report.held_out[split] for split in GIVEN if split in report.held_out},
        base={"model": plan.base.model, "digest": plan.base.digest} if plan.base else {},
        statistics={"words": _words(plan, report, splits["train"])}
        | _lengths(report.partitions)
        | {"unknown": _unknown(report.files)}
        | vocabulary_statistics({side: report.ranked[side] for side in SIDES})
        | {"normalized": report.normalized, "left_out": _left_out(report.partitions)},
    )


def _words(plan: Plan, report: PrepareReport, train: Sequence[BucketRecords]) -> list[dict[str, Any]]:
    """For each word of ``corpus``: what became of its lines, and how many pairs an epoch draws from it."""
    read: Counter[int] = Counter()
    for file, lines in report.read.items():
        if plan.files[file].split is None:
            read[plan.files[file].word] += lines
    kept: Counter[tuple[int, str]] = Counter()
    for partition in report.partitions:
        kept.update(partition.kept)
    return [
        {
            "word": str(word),
            "weight": word.weight,
            "read": read[number],
            "kept": sum(kept[number, split] for split in SPLITS),
            "train": kept[number, "train"],
            "draws": sum(bucket.draws for bucket in train if bucket.word == number + 1)
            if plan.mixed
            else kept[number, "train"],
        }
        for number, word in enumerate(plan.words)
    ]


def _buckets(plan: Plan, files: Sequence[RecordFile], split: str, width: int) -> tuple[BucketRecords, ...]:
    by_bucket: dict[Bucket, list[RecordFile]] = defaultdict(list)
    for file in files:
        if file.bucket.split == split:
            by_bucket[file.bucket].append(file)
    buckets = []
    for (_, low, word), members in sorted(by_bucket.items()):
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
                word=word,
                weight=plan.words[word - 1].weight if word else 1.0,
            )
        )
    return tuple(buckets)


def _lengths(partitions: Sequence[PartitionFacts]) -> dict[str, Any]:
    """Histograms of the records.

    ``lengths``: split → side → how many sentences have 0, 1, 2, … tokens; ``ratios``: split → [target tokens a source
    token, pairs].
    """
    lengths: dict[str, dict[str, list[np.ndarray]]] = defaultdict(lambda: defaultdict(list))
    ratios: dict[str, list[np.ndarray]] = defaultdict(list)
    for partition in partitions:
        for (split, side), histogram in partition.lengths.items():
            lengths[split][side].append(histogram)
        for split, histogram in partition.ratios.items():
            ratios[split].append(histogram)
    return {
        "lengths": {
            split: {side: add_histograms(parts).tolist() for side, parts in sides.items()}
            for split, sides in sorted(lengths.items())
        },
        "ratios": {split: ratio_bins(add_histograms(parts)) for split, parts in sorted(ratios.items())},
    }


def _left_out(partitions: Sequence[PartitionFacts]) -> dict[str, int]:
    """Split → pairs of a given corpus that make no record (without a token, or longer than ``max_length``)."""
    left_out: Counter[str] = Counter()
    for partition in partitions:
        left_out.update(partition.left_out)
    return dict(left_out)


def _unknown(files: Sequence[RecordFile]) -> dict[str, dict[str, float]]:
    """Split → side → share of running tokens that the vocabulary does not hold."""
    by_split: dict[str, RecordFacts] = defaultdict(RecordFacts)
    for file in files:
        by_split[file.bucket.split] += file.facts
    return {
        split: {
            "source": round(facts.unknown_source / facts.source_tokens, 6),
            # EOS is counted among the target's tokens and is always known.
            "target": round(facts.unknown_target / max(1, facts.target_tokens - facts.records), 6),
        }
        for split, facts in sorted(by_split.items())
    }


def vocabulary_statistics(ranked: Mapping[str, RankedTokens]) -> dict[str, Any]:
    """What the vocabularies hold of the train split.

    ``coverage``: side → [the so many most frequent tokens, share of running train tokens that they cover].
    """
    return {"coverage": {side: _coverage(tokens) for side, tokens in ranked.items()}}


def _coverage(ranked: RankedTokens) -> list[list[float]]:
    covered = np.cumsum(np.sort(ranked.counts)[::-1])
    if not len(covered) or not covered[-1]:
        return []
    sizes = np.unique(np.geomspace(1, len(covered), _CURVE_POINTS).round().astype(int))
    return [[int(size), round(float(covered[size - 1] / covered[-1]), 6)] for size in sizes]
