"""What the pipeline reports to the launcher: a dataclass for each box that has something to say, and one of all.

Elements carry the numbers, because Beam's counters may count a retried bundle twice on a distributed runner. Counters
are kept beside them, to watch the run.
"""

import pickle
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
from apache_beam.metrics import Metrics

from components.corpus.blocks import SIDES, groups
from components.corpus.files import open_raw, remove_file, write_file
from components.dataset.manifest import SPLITS, HeldOut
from components.dataset.records import Bucket, Ids, fingerprint_of
from components.text.vocabulary import SPECIAL_TOKENS, UNK

# The namespace of Beam's counters.
NAMESPACE = "prepare"
# Longer sentences (there are some only where the rule `too_long` is off) are counted as if they had so many tokens.
LONGEST = 1000
# Ratios are counted in quarters of an octave, from 1/16 to 16; what lies beyond is counted at the end. Finer, and those
# that short sentences cannot have would show as gaps.
_STEPS, _OCTAVES = 4, 4
# Ids are small numbers: two bytes each in a record, roughly, and this much around them.
_RECORD_BYTES, _ID_BYTES = 60, 2


def count(name: str, lines: int) -> None:
    """Adds to the Beam counter ``prepare/NAME``."""
    Metrics.counter(NAMESPACE, name).inc(lines)


@dataclass(frozen=True)
class PartitionFacts:
    """What is known of a partition's records before they are encoded.

    ``bytes`` (roughly) by bucket; histograms: ``lengths`` by (split, side), see :func:`count_lengths`, ``ratios`` by
    split, see :func:`count_ratios`; ``left_out``: pairs of a given corpus, by split, that make no record; ``kept``:
    pairs of ``corpus`` by (word, from 0, and split).
    """

    partition: int
    bytes: dict[Bucket, int] = field(default_factory=dict)
    lengths: dict[tuple[str, str], np.ndarray] = field(default_factory=dict)
    ratios: dict[str, np.ndarray] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    kept: dict[tuple[int, str], int] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        partition: int,
        splits: np.ndarray,
        lows: np.ndarray,
        words: np.ndarray,
        lengths: tuple[np.ndarray, np.ndarray],
        left_out: Mapping[str, int],
        kept: Mapping[tuple[int, str], int],
    ) -> "PartitionFacts":
        """The facts of n records: splits, buckets, words, and lengths of the two sides in tokens; shape [n] each."""
        facts = cls(partition, left_out=dict(left_out), kept=dict(kept))
        for split in np.unique(splits):
            name, here = SPLITS[split], splits == split
            for side, length in zip(SIDES, lengths, strict=True):
                facts.lengths[name, side] = count_lengths(length[here])
            facts.ratios[name] = count_ratios(*(length[here] for length in lengths))
        for (split, low, word), rows in groups(splits, lows, words):
            ids = int(sum(length[rows].sum() for length in lengths))
            facts.bytes[Bucket(SPLITS[split], low, word)] = rows.size * _RECORD_BYTES + ids * _ID_BYTES
        return facts


def count_lengths(lengths: np.ndarray) -> np.ndarray:
    """Lengths in tokens, shape [n] → how many sentences have 0, 1, 2, … ``LONGEST`` tokens; shape [bins]."""
    return np.bincount(np.minimum(lengths, LONGEST))


def count_ratios(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Lengths of the two sides, 1 or more, shape [n] each → how many pairs have which ratio; shape [bins]."""
    steps = np.rint(np.log2(target / source) * _STEPS).astype(np.int64)
    return np.bincount(np.clip(steps, -_STEPS * _OCTAVES, _STEPS * _OCTAVES) + _STEPS * _OCTAVES)


def ratio_bins(histogram: np.ndarray) -> list[list[float]]:
    """[target tokens a source token, pairs] for each bin of :func:`count_ratios` that holds any."""
    return [
        [round(2.0 ** (step / _STEPS - _OCTAVES), 4), pairs] for step, pairs in enumerate(histogram.tolist()) if pairs
    ]


def add_histograms(histograms: Iterable[np.ndarray]) -> np.ndarray:
    """Their sum; a shorter one has nothing at its end."""
    total = np.zeros(0, np.int64)
    for histogram in histograms:
        longer, shorter = (total, histogram) if len(total) >= len(histogram) else (histogram, total)
        total = longer.copy()
        total[: len(shorter)] += shorter
    return total


@dataclass(frozen=True)
class RankedTokens:
    """The tokens of one side in the order of their ids: its vocabulary; ``block`` has ``TOKEN_COUNTS``.

    That is by falling frequency, ties by token; but the tokens of a base come first, in the order that they have there.

    (No lists of strings: Beam measures side inputs object by object.)
    """

    block: pa.RecordBatch

    @property
    def counts(self) -> list[int]:
        """How often each token occurs in the train split; 0 for those that only other texts will need."""
        return self.block["count"].to_pylist()

    def vocabulary(self) -> tuple[str, ...]:
        """The tokens by id, special ones included."""
        return (*SPECIAL_TOKENS, *self.block["token"].to_pylist())


@dataclass(frozen=True)
class RecordFacts:
    """What is known of some records. Lengths and tokens do not count SOS, but EOS of the target."""

    records: int = 0
    source_tokens: int = 0
    target_tokens: int = 0
    longest_target: int = 0
    unknown_source: int = 0
    unknown_target: int = 0
    fingerprint: int = 0

    @classmethod
    def of(cls, split: str, source: Ids, target: Ids) -> "RecordFacts":
        """The facts of n records of one split, n at least 1; ``split`` as the fingerprint calls it."""
        lengths = target.lengths - 1
        return cls(
            records=len(lengths),
            source_tokens=len(source.values),
            target_tokens=int(lengths.sum()),
            longest_target=int(lengths.max()),
            unknown_source=int((source.values == UNK).sum()),
            unknown_target=int((target.values == UNK).sum()),
            fingerprint=fingerprint_of(split, source, target),
        )

    def __add__(self, other: "RecordFacts") -> "RecordFacts":
        return RecordFacts(
            self.records + other.records,
            self.source_tokens + other.source_tokens,
            self.target_tokens + other.target_tokens,
            max(self.longest_target, other.longest_target),
            self.unknown_source + other.unknown_source,
            self.unknown_target + other.unknown_target,
            self.fingerprint + other.fingerprint,
        )


@dataclass(frozen=True)
class RecordFile:
    """A written file of records; ``file`` is relative to the dataset's folder."""

    file: str
    bucket: Bucket
    bytes: int
    facts: RecordFacts


@dataclass(frozen=True)
class PrepareReport:
    """All that the pipeline found out.

    ``read``: lines by the index of their file in ``Plan.files``; ``normalized``: pairs that normalization changed;
    ``rejected``: lines by rule, duplicates among them; ``learnt``: what a tokenizer has learnt, by side; ``ranked``:
    tokens by side; ``held_out``: the written file of a split, if it has any pair.
    """

    read: dict[int, int]
    normalized: int
    rejected: dict[str, int]
    learnt: dict[str, bytes]
    ranked: dict[str, RankedTokens]
    partitions: list[PartitionFacts]
    files: list[RecordFile]
    held_out: dict[str, HeldOut]


class WriteReport(beam.PTransform):
    """Writes a :class:`PrepareReport` into one file of ``folder``, because workers may be anywhere.

    Args:
        folder: where the dataset is being made.
        fields: for each field of the report a side input that holds it.
    """

    def __init__(self, folder: str, **fields: beam.pvalue.AsSideInput):
        super().__init__()
        self.folder, self.fields = folder, fields

    def expand(self, begin: beam.pvalue.PBegin) -> beam.PCollection:
        return begin | beam.Create([self.folder]) | "Write" >> beam.Map(_write, **self.fields)


def _write(folder: str, **fields: Any) -> None:
    write_file(_report_file(folder), [pickle.dumps(PrepareReport(**fields))])


def _report_file(folder: str) -> str:
    return f"{folder}/report.pickle"


def take_report(folder: str) -> PrepareReport:
    """Reads the report and deletes its file."""
    with open_raw(_report_file(folder)) as file:
        report = pickle.load(file)
    remove_file(_report_file(folder))
    return report
