"""Raw blocks to clean ones: decoded, normalized, each pair either let through or rejected for a reason."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.corpus.blocks import CLEAN, REJECTED, spread
from components.corpus.parameters import CleaningParameters
from components.corpus.plan import SourceFile
from components.corpus.rules import (
    MANY_WORDS,
    NORMALIZE,
    NOT_UTF8,
    TEXT_RULES,
    TextRule,
    first_broken,
    normalize,
    rules_off,
    unusual,
)
from components.corpus.tally import TALLY_TAG, count
from components.dataset.manifest import SPLITS
from components.errors import InputError

TRAIN, VALIDATION, TEST = range(len(SPLITS))
# Name of a tally: pairs that normalization changed.
NORMALIZED = "normalized"


@dataclass(frozen=True)
class Shares:
    """Which share of the source sentences goes to validation, and which to the test."""

    validation: float
    test: float

    def split(self, keys: np.ndarray) -> np.ndarray:
        """Hashes of source sentences (uint64), shape [n] → splits (int8), shape [n].

        A hash decides alone, so a growing corpus keeps its old test sentences. The test takes the lowest hashes:
        another share for validation leaves it as it is.
        """
        position = keys.astype(np.float64) / 2.0**64
        validation = position < self.test + self.validation
        return np.where(position < self.test, TEST, np.where(validation, VALIDATION, TRAIN)).astype(np.int8)


@dataclass(frozen=True)
class Cleaned:
    """What became of a block: the pairs let through (schema ``CLEAN``), those not (``REJECTED``).

    ``normalized`` of all pairs were changed to Unicode's composed form and single blanks.
    """

    pairs: pa.RecordBatch
    rejected: list[pa.RecordBatch]
    normalized: int = 0


class Cleaner:
    """Cleans block after block; ``files`` as in the plan."""

    def __init__(self, files: list[SourceFile], cleaning: CleaningParameters, shares: Shares):
        self.files, self.cleaning, self.shares = files, cleaning, shares
        self.off = rules_off(cleaning)
        # Blanks tell the number of words only where they are single.
        rules = TEXT_RULES if NORMALIZE in self.off else (*TEXT_RULES, MANY_WORDS)
        self.rules = [rule for rule in rules if rule.name not in self.off]

    def clean(self, block: pa.RecordBatch) -> Cleaned:
        """Cleans a block of one file (schema ``RAW``).

        Raises:
            InputError: for a given corpus, if any line is no pair.
        """
        file = self.files[block["file"][0].as_py()]
        rejected = []
        faulty = pc.is_valid(block["fault"])
        if pc.any(faulty).as_py():
            rejected.append(self._reject_raw(file, block.filter(faulty), None))
            block = block.filter(pc.invert(faulty))
        undecodable = _undecodable(block["source"]) | _undecodable(block["target"])
        if undecodable.any():
            rejected.append(self._reject_raw(file, block.filter(pa.array(undecodable)), NOT_UTF8))
            block = block.filter(pa.array(~undecodable))
        source, target = (block[side].cast(pa.string()) for side in ("source", "target"))
        if file.split is not None:
            keys = sentence_keys(source, unusual(source))
            splits = np.full(len(keys), file.split, np.int8)
            columns = [block["file"], block["line"], source, target, pa.array(keys), pa.array(splits)]
            return Cleaned(pa.record_batch(columns, schema=CLEAN), rejected)
        strange, normalized = np.logical_or(*spread(unusual, (source, target))), 0
        if NORMALIZE not in self.off and strange.any():
            raw = source, target
            source, target = (_change(side, strange, normalize) for side in raw)
            normalized = pc.sum(pc.or_(pc.not_equal(source, raw[0]), pc.not_equal(target, raw[1]))).as_py()
        names = [rule.name for rule in self.rules]
        checked = spread(lambda rule: self._check(rule, source, target, strange), self.rules)
        broken = first_broken(list(zip(names, checked, strict=True)), len(source))
        block = pa.record_batch(
            [block["file"], block["line"], source, target], names=["file", "line", "source", "target"]
        )
        if (broken >= 0).any():
            bad = block.filter(pa.array(broken >= 0))
            rules = pa.array(names).take(pa.array(broken[broken >= 0]))
            rejected.append(pa.record_batch([*bad.columns, rules], schema=REJECTED))
            block, strange = block.filter(pa.array(broken < 0)), strange[broken < 0]
        keys = sentence_keys(block["source"], strange if NORMALIZE in self.off else np.zeros(len(strange), bool))
        columns = [*block.columns, pa.array(keys), pa.array(self.shares.split(keys))]
        return Cleaned(pa.record_batch(columns, schema=CLEAN), rejected, normalized)

    def _check(self, rule: TextRule, source: pa.Array, target: pa.Array, strange: np.ndarray) -> np.ndarray:
        if not rule.only_unusual:
            return rule.broken_by(source, target, self.cleaning).to_numpy(zero_copy_only=False)
        broken = np.zeros(len(source), bool)
        if strange.any():
            rows = pa.array(strange)
            broken[strange] = rule.broken_by(source.filter(rows), target.filter(rows), self.cleaning)
        return broken

    def _reject_raw(self, file: SourceFile, block: pa.RecordBatch, rule: str | None) -> pa.RecordBatch:
        """Lines that are no pair of sentences, with what can be shown of them."""
        rules = block["fault"] if rule is None else pa.array([rule] * block.num_rows)
        if file.split is not None:
            line, why = block["line"][0].as_py(), rules[0].as_py()
            raise InputError(
                f"{file.parameter}: {file.name}, line {line}: {why}; a corpus given for validation or test is scored"
                " whole, so each of its lines must be a pair of sentences in UTF-8"
            )
        sides = (
            pa.array(
                [None if text is None else text.decode("utf-8", "backslashreplace") for text in column], pa.string()
            )
            for column in (block[side].to_pylist() for side in ("source", "target"))
        )
        return pa.record_batch([block["file"], block["line"], *sides, rules], schema=REJECTED)


def _change(
    column: pa.StringArray, which: np.ndarray, change: Callable[[pa.StringArray], pa.StringArray]
) -> pa.StringArray:
    """The column with some of its sentences (bool, shape [n]) changed."""
    rows = pa.array(which)
    return pc.replace_with_mask(column, rows, change(column.filter(rows))) if which.any() else column


def sentence_keys(sentences: pa.StringArray, strange: np.ndarray) -> np.ndarray:
    """The first 64 bits of each sentence's sha256, in small letters and with plain blanks; uint64, shape [n].

    Sentences that differ in no more than that are one sentence to whoever scores a translation of them, so they must
    not stand in two splits.

    Args:
        sentences: shape [n].
        strange: those that may not be in normal form, at least all :func:`rules.unusual` ones; bool, shape [n].
    """
    sentences = pc.utf8_lower(_change(sentences, strange, normalize))
    spaced = pc.match_substring_regex(sentences, r"[\x{a0}\x{202f}]").to_numpy(zero_copy_only=False)
    return hash_sentences(_change(sentences, spaced, _with_plain_blanks))


def hash_sentences(sentences: pa.StringArray) -> np.ndarray:
    """The first 64 bits of each sentence's sha256; uint64, shape [n]."""
    texts = sentences.cast(pa.binary()).to_pylist()
    digests = b"".join([hashlib.sha256(text).digest() for text in texts])
    return np.frombuffer(digests, ">u8")[::4].astype(np.uint64)


def _with_plain_blanks(sentences: pa.StringArray) -> pa.StringArray:
    return pc.utf8_trim(pc.replace_substring_regex(sentences, r"[ \x{a0}\x{202f}]+", " "), characters=" ")


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


class Clean(beam.DoFn):
    """Blocks of schema ``RAW`` → blocks of schema ``CLEAN``; beside them ``rejected`` ones, and a ``tally``."""

    def __init__(self, cleaner: Cleaner):
        self.cleaner = cleaner

    def process(self, block: pa.RecordBatch) -> Iterator[Any]:
        cleaned = self.cleaner.clean(block)
        for rows in cleaned.rejected:
            yield beam.pvalue.TaggedOutput("rejected", rows)
        if cleaned.normalized:
            yield beam.pvalue.TaggedOutput(TALLY_TAG, count(NORMALIZED, cleaned.normalized))
        if cleaned.pairs.num_rows:
            yield cleaned.pairs
