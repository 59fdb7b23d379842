"""Cleaning: raw blocks are decoded, normalized and checked by the rules; duplicates and held-out sentences go."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.corpus.blocks import (
    CLEAN,
    REJECTED,
    concatenate,
    divide,
    in_corpus_order,
    replace_where,
    spread,
)
from components.corpus.parameters import CleaningParameters
from components.corpus.plan import Plan, SourceFile
from components.corpus.report import count
from components.corpus.rules import (
    DUPLICATE,
    HELD_OUT,
    MANY_WORDS,
    NORMALIZE,
    NOT_UTF8,
    TEXT_RULES,
    TextRule,
    first_broken,
    non_normalized,
)
from components.corpus.splitting import Shares, sentence_keys
from components.errors import InputError
from components.text.normalization import compose


class Clean(beam.PTransform):
    """Blocks of schema ``RAW`` → ``pairs`` of schema ``CLEAN``, and ``rejected`` blocks of schema ``REJECTED``.

    ``normalized``: how many pairs normalization changed, for each block that has any.
    """

    def __init__(self, plan: Plan):
        super().__init__()
        p = plan.parameters
        # A split that is given takes nothing from the corpus.
        shares = Shares(
            validation=0.0 if "validation" in plan.given else p.validation_share,
            test=0.0 if "test" in plan.given else p.test_share,
        )
        self.cleaner = Cleaner(plan.files, p, plan.rules_off, shares)

    def expand(self, blocks: beam.PCollection) -> Any:
        return blocks | "Clean" >> beam.ParDo(_Clean(self.cleaner)).with_output_types(
            pa.RecordBatch, rejected=pa.RecordBatch, normalized=int
        ).with_outputs("rejected", "normalized", main="pairs")


class _Clean(beam.DoFn):
    def __init__(self, cleaner: "Cleaner"):
        self.cleaner = cleaner

    def process(self, block: pa.RecordBatch) -> Iterator[Any]:
        cleaned = self.cleaner.clean(block)
        for rows in cleaned.rejected:
            yield beam.pvalue.TaggedOutput("rejected", rows)
        if cleaned.normalized:
            count("normalized", cleaned.normalized)
            yield beam.pvalue.TaggedOutput("normalized", cleaned.normalized)
        if cleaned.pairs.num_rows:
            yield cleaned.pairs


@dataclass(frozen=True)
class Cleaned:
    """What became of a block: the pairs let through (schema ``CLEAN``), those not (``REJECTED``).

    ``normalized`` of all pairs were changed to Unicode's composed form and single spaces.
    """

    pairs: pa.RecordBatch
    rejected: list[pa.RecordBatch]
    normalized: int = 0


class Cleaner:
    """Cleans block after block; ``files`` as in the plan, ``off`` the names of the rules that are turned off."""

    def __init__(
        self, files: Iterable[SourceFile], thresholds: CleaningParameters, off: frozenset[str], shares: Shares
    ):
        self.files, self.thresholds, self.shares = list(files), thresholds, shares
        self.normalizes = NORMALIZE not in off
        # Spaces show the number of words only where they are single.
        rules = (*TEXT_RULES, MANY_WORDS) if self.normalizes else TEXT_RULES
        self.rules = [rule for rule in rules if rule.name not in off]

    def clean(self, block: pa.RecordBatch) -> Cleaned:
        """Cleans a block of one file (schema ``RAW``).

        Raises:
            InputError: for a given corpus, if any line is no pair.
        """
        file = self.files[block["file"][0].as_py()]
        rejected = []
        faulty = pc.is_valid(block["fault"])
        if pc.any(faulty).as_py():
            rejected.append(_reject_raw(file, block.filter(faulty), None))
            block = block.filter(pc.invert(faulty))
        undecodable = _undecodable(block["source"]) | _undecodable(block["target"])
        if undecodable.any():
            rejected.append(_reject_raw(file, block.filter(pa.array(undecodable)), NOT_UTF8))
            block = block.filter(pa.array(~undecodable))
        source, target = (block[side].cast(pa.string()) for side in ("source", "target"))
        if file.split is not None:
            keys = sentence_keys(source, non_normalized(source))
            splits = np.full(len(keys), file.split, np.int8)
            columns = [block["file"], block["line"], source, target, pa.array(keys), pa.array(splits)]
            return Cleaned(pa.record_batch(columns, schema=CLEAN), rejected)
        suspects, normalized = np.logical_or(*spread(non_normalized, (source, target))), 0
        if self.normalizes and suspects.any():
            raw = source, target
            source, target = (replace_where(side, suspects, compose) for side in raw)
            normalized = pc.sum(pc.or_(pc.not_equal(source, raw[0]), pc.not_equal(target, raw[1]))).as_py()
        broken = first_broken(spread(lambda rule: self._check(rule, source, target, suspects), self.rules), len(source))
        block = pa.record_batch(
            [block["file"], block["line"], source, target], names=["file", "line", "source", "target"]
        )
        if (broken >= 0).any():
            bad = block.filter(pa.array(broken >= 0))
            rules = pa.array([rule.name for rule in self.rules]).take(pa.array(broken[broken >= 0]))
            rejected.append(pa.record_batch([*bad.columns, rules], schema=REJECTED))
            block, suspects = block.filter(pa.array(broken < 0)), suspects[broken < 0]
        keys = sentence_keys(block["source"], np.zeros(len(suspects), bool) if self.normalizes else suspects)
        columns = [*block.columns, pa.array(keys), pa.array(self.shares.split(keys))]
        return Cleaned(pa.record_batch(columns, schema=CLEAN), rejected, normalized)

    def _check(self, rule: TextRule, source: pa.Array, target: pa.Array, suspects: np.ndarray) -> np.ndarray:
        if not rule.only_non_normalized:
            return rule.broken_by(source, target, self.thresholds).to_numpy(zero_copy_only=False)
        broken = np.zeros(len(source), bool)
        if suspects.any():
            rows = pa.array(suspects)
            broken[suspects] = rule.broken_by(source.filter(rows), target.filter(rows), self.thresholds)
        return broken


def _reject_raw(file: SourceFile, block: pa.RecordBatch, rule: str | None) -> pa.RecordBatch:
    """Lines that are no pair of sentences, with what can be shown of them."""
    rules = block["fault"] if rule is None else pa.array([rule] * block.num_rows)
    if file.split is not None:
        line, why = block["line"][0].as_py(), rules[0].as_py()
        raise InputError(
            f"{file.parameter}: {file.name}, line {line}: {why}; a corpus given for validation, test or guard is"
            " scored whole, so each of its lines must be a pair of sentences in UTF-8"
        )
    sides = (
        pa.array([None if text is None else text.decode("utf-8", "backslashreplace") for text in column], pa.string())
        for column in (block[side].to_pylist() for side in ("source", "target"))
    )
    return pa.record_batch([block["file"], block["line"], *sides, rules], schema=REJECTED)


def _undecodable(texts: pa.BinaryArray) -> np.ndarray:
    """Which texts are no UTF-8; shape [n]."""
    try:
        texts.cast(pa.string())
        return np.zeros(len(texts), bool)
    except pa.ArrowInvalid:
        return np.fromiter((not _decodes(text) for text in texts.to_pylist()), bool, len(texts))


def _decodes(text: bytes) -> bool:
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


class Deduplicate(beam.PTransform):
    """Blocks of schema ``CLEAN`` → ``pairs`` (partition, one such block, in the order of the corpus), ``rejected``.

    All pairs of one source sentence come to one partition. Of equal pairs the first in the corpus stays. Pairs whose
    source sentence stands in a given validation or test corpus are rejected as well; the pairs of those corpora pass
    as they are.
    """

    def __init__(self, plan: Plan):
        super().__init__()
        self.partitions, self.files, self.removes = plan.partitions, plan.files, DUPLICATE not in plan.rules_off

    def expand(self, blocks: beam.PCollection) -> Any:
        return (
            blocks
            | "BySource" >> beam.FlatMap(_by_source, self.partitions).with_output_types(tuple[int, pa.RecordBatch])
            | "Partition" >> beam.GroupByKey()
            | "Deduplicate"
            >> beam.ParDo(DeduplicatePartition(self.files, self.removes))
            .with_output_types(tuple[int, pa.RecordBatch], rejected=pa.RecordBatch)
            .with_outputs("rejected", main="pairs")
        )


def _by_source(block: pa.RecordBatch, partitions: int) -> Iterator[tuple[int, pa.RecordBatch]]:
    # The split looks at the highest bits of the key, this at the lowest: each split is in every partition.
    yield from divide(block, (block["key"].to_numpy() % np.uint64(partitions)).astype(np.int64))


class DeduplicatePartition(beam.DoFn):
    """(partition, its blocks) → (partition, one block), and ``rejected`` blocks; see :class:`Deduplicate`."""

    def __init__(self, files: Iterable[SourceFile], removes_duplicates: bool):
        self.given = np.array([file.split is not None for file in files])
        self.removes_duplicates = removes_duplicates

    def process(self, element: tuple[int, Iterable[pa.RecordBatch]]) -> Iterator[Any]:
        partition, blocks = element
        block = in_corpus_order(concatenate(blocks))
        given = self.given[block["file"].to_numpy()]
        if given.any():
            sources = block["key"].filter(pa.array(given))
            held_out = pc.is_in(block["key"], sources).to_numpy(zero_copy_only=False) & ~given
            yield from reject(block, held_out, HELD_OUT)
            block, given = block.filter(pa.array(~held_out)), given[~held_out]
        if self.removes_duplicates:
            source, target = (block[side].dictionary_encode() for side in ("source", "target"))
            pairs = source.indices.to_numpy().astype(np.int64) * len(target.dictionary) + target.indices.to_numpy()
            _, first = np.unique(pairs[~given], return_index=True)
            duplicate = ~given
            duplicate[np.flatnonzero(~given)[first]] = False
            yield from reject(block, duplicate, DUPLICATE)
            block = block.filter(pa.array(~duplicate))
        if block.num_rows:
            yield partition, block


def reject(block: pa.RecordBatch, rows: np.ndarray, rule: str) -> Iterator[beam.pvalue.TaggedOutput]:
    """Sends some pairs of a block (bool, shape [n]) to ``rejected``, for one rule."""
    if rows.any():
        bad = block.select(["file", "line", "source", "target"]).filter(pa.array(rows))
        rules = pa.array([rule] * bad.num_rows)
        yield beam.pvalue.TaggedOutput("rejected", pa.record_batch([*bad.columns, rules], schema=REJECTED))
