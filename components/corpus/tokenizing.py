"""Tokenizing: from clean sentences to tokens, the rules about lengths, and the facts that later steps need."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa

from components.corpus.blocks import HELD_OUT as HELD_OUT_SCHEMA
from components.corpus.blocks import spread
from components.corpus.cleaning import TRAIN
from components.corpus.deduplicate import reject
from components.corpus.histograms import count_lengths, count_ratios
from components.corpus.parameters import PrepareParameters
from components.corpus.plan import SourceFile
from components.corpus.rules import NO_TOKENS, TOKEN_RULES, first_broken, rules_off
from components.dataset.manifest import SPLITS
from components.dataset.records import bucket_lows
from components.text.codec import CodecSettings
from components.text.tokenizer import Tokenizer, make_tokenizer

HELD_OUT_TAG, COUNTS_TAG, FACTS_TAG = "held_out", "counts", "facts"
SIDES = ("source", "target")
# Ids are small numbers: two bytes each in a record, roughly, and this much around them.
_RECORD_BYTES, _ID_BYTES = 60, 2

# Pairs that become records: the split, the low end of the length bucket, and the tokens as numbers of words that the
# block brings along, each word once (lists of a dictionary type, whose index type depends on how many words there are).
TOKENIZED = ("split", "low", *SIDES)
TOKEN_COUNTS = pa.schema([("token", pa.string()), ("count", pa.int64())])


@dataclass
class PartitionFacts:
    """What is known of a partition's records before they are encoded.

    ``records`` and ``bytes`` (roughly) by (split, low end of the bucket); ``lengths`` by (split, side), ``ratios`` by
    split: see :mod:`histograms`; ``left_out``: pairs of a given corpus, by split, that make no record.
    """

    partition: int
    records: dict[tuple[str, int], int] = field(default_factory=dict)
    bytes: dict[tuple[str, int], int] = field(default_factory=dict)
    lengths: dict[tuple[str, str], np.ndarray] = field(default_factory=dict)
    ratios: dict[str, np.ndarray] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)


class Tokenize(beam.DoFn):
    """(partition, clean block) → (partition, block with columns ``TOKENIZED``).

    The side input is what the tokenizers have learnt, by side, if they learn.

    Beside that: ``rejected`` blocks; ``held_out`` (split, block of schema ``HELD_OUT``); ``counts`` (side, block of
    schema ``TOKEN_COUNTS``) of the train split; ``facts`` (:class:`PartitionFacts`).
    """

    def __init__(self, files: list[SourceFile], parameters: PrepareParameters, settings: CodecSettings):
        self.given = np.array([file.split is not None for file in files])
        self.parameters, self.settings = parameters, settings
        self.rules = [NO_TOKENS, *(rule for rule in TOKEN_RULES if rule.name not in rules_off(parameters))]

        self.tokenizers: list[Tokenizer] = []

    def process(self, element: tuple[int, pa.RecordBatch], learnt: Mapping[str, bytes]) -> Iterator[Any]:
        partition, block = element
        if not self.tokenizers:
            languages = (self.settings.source_language, self.settings.target_language)
            self.tokenizers = [
                make_tokenizer(self.settings.tokenizer, language, learnt.get(side, b""))
                for side, language in zip(SIDES, languages, strict=True)
            ]
        tokens = spread(lambda side: self.tokenizers[side].tokenize(block[SIDES[side]]), range(len(SIDES)))
        lengths = (np.diff(tokens[0].offsets.to_numpy()), np.diff(tokens[1].offsets.to_numpy()))
        given = self.given[block["file"].to_numpy()]
        masks = [(rule.name, rule.broken_by(*lengths, self.parameters) & ~given) for rule in self.rules]
        broken = first_broken(masks, block.num_rows)
        for index, rule in enumerate(self.rules):
            yield from reject(block, broken == index, rule.name)
        kept = broken < 0
        splits = block["split"].to_numpy()
        for split in range(TRAIN + 1, len(SPLITS)):
            held_out = kept & (splits == split)
            if held_out.any():
                rows = block.select(HELD_OUT_SCHEMA.names).filter(pa.array(held_out))
                yield beam.pvalue.TaggedOutput(HELD_OUT_TAG, (SPLITS[split], rows))

        # A given corpus is scored whole, but a sentence without a token, or a very long one, is no use as a record.
        longer, shorter = np.maximum(*lengths), np.minimum(*lengths)
        record = kept & ~(given & ((shorter == 0) | (longer > self.parameters.max_length)))
        facts = PartitionFacts(partition)
        for split in range(TRAIN + 1, len(SPLITS)):
            if left_out := int((kept & ~record & (splits == split)).sum()):
                facts.left_out[SPLITS[split]] = left_out
        if record.any():
            rows = pa.array(record)
            lists = spread(lambda column: _numbered(column.filter(rows)), tokens)
            lengths, splits = (lengths[0][record], lengths[1][record]), splits[record]
            lows = bucket_lows(np.maximum(*lengths), self.parameters.bucket_width)
            self._gather(facts, splits, lows, lengths)
            for side, column in zip(SIDES, lists, strict=True):
                yield beam.pvalue.TaggedOutput(COUNTS_TAG, (side, _token_counts(column, splits == TRAIN)))
            yield partition, pa.record_batch([splits, lows, *lists], names=TOKENIZED)
        yield beam.pvalue.TaggedOutput(FACTS_TAG, facts)

    @staticmethod
    def _gather(
        facts: PartitionFacts, splits: np.ndarray, lows: np.ndarray, lengths: tuple[np.ndarray, np.ndarray]
    ) -> None:
        for split in np.unique(splits):
            name, here = SPLITS[split], splits == split
            for side, length in zip(SIDES, lengths, strict=True):
                facts.lengths[name, side] = count_lengths(length[here])
            facts.ratios[name] = count_ratios(*(length[here] for length in lengths))
            for low in np.unique(lows[here]):
                rows = here & (lows == low)
                records, ids = int(rows.sum()), int(sum(length[rows].sum() for length in lengths))
                facts.records[name, int(low)] = records
                facts.bytes[name, int(low)] = records * _RECORD_BYTES + ids * _ID_BYTES


def _numbered(tokens: pa.ListArray) -> pa.ListArray:
    """The same lists, with each distinct token once and numbers in the lists."""
    offsets, numbered = tokens.offsets.to_numpy(), tokens.flatten().dictionary_encode()
    if len(numbered.dictionary) <= 1 << 16:
        # Half the bytes to carry.
        numbered = pa.DictionaryArray.from_arrays(numbered.indices.cast(pa.uint16()), numbered.dictionary)
    return pa.ListArray.from_arrays(pa.array(offsets - offsets[0]), numbered)


def _token_counts(tokens: pa.ListArray, which: np.ndarray) -> pa.RecordBatch:
    """How often each token occurs in the lists that ``which`` (bool, shape [n]) names."""
    running = tokens.flatten()
    numbers = running.indices.to_numpy()[np.repeat(which, np.diff(tokens.offsets.to_numpy()))]
    counts = np.bincount(numbers, minlength=len(running.dictionary))
    return pa.record_batch([running.dictionary.filter(pa.array(counts > 0)), counts[counts > 0]], schema=TOKEN_COUNTS)
