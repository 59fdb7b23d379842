"""Tokenizing: tokenizers learn, sentences become tokens, rules check their lengths, and vocabularies are counted."""

from abc import abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.corpus.blocks import HELD_OUT, SENTENCES, SIDES, TOKEN_COUNTS, TOKENIZED, groups, spread
from components.corpus.cleaning import reject
from components.corpus.parameters import PrepareParameters
from components.corpus.plan import Plan
from components.corpus.report import PartitionFacts, RankedTokens
from components.corpus.rules import NO_TOKENS, TOKEN_RULES, first_broken
from components.corpus.splitting import TRAIN, hash_sentences
from components.dataset.manifest import GIVEN, SPLITS
from components.dataset.records import bucket_lows
from components.text.codec import Tokenizers
from components.text.inventory import Inventory
from components.text.tokenizer import learn_more, learning
from components.text.vocabulary import SPECIAL_TOKENS

# Sentences a side to learn from.
SAMPLE_SENTENCES = 100_000
# Bytes. Longer sentences teach no more. Bounds what a worker holds: two samples of such sentences, and a block.
_LONGEST = 4096
# Rows of token counts that a worker collects before it adds them up.
_PILE = 1 << 20


class MergeBlocks(beam.CombineFn):
    """Blocks → what ``extract_output`` makes of them; merged as Arrow tables, whenever there are too many rows."""

    def create_accumulator(self) -> list[pa.RecordBatch]:
        return []

    def add_input(self, accumulator: list[pa.RecordBatch], block: pa.RecordBatch) -> list[pa.RecordBatch]:
        accumulator.append(block)
        return self.compact(accumulator) if self.is_full([block.num_rows for block in accumulator]) else accumulator

    def merge_accumulators(self, accumulators: Iterable[list[pa.RecordBatch]]) -> list[pa.RecordBatch]:
        merged = self.create_accumulator()
        for accumulator in accumulators:
            for block in accumulator:
                merged = self.add_input(merged, block)
        return self.compact(merged)

    @abstractmethod
    def is_full(self, rows: list[int]) -> bool:
        """Whether blocks of so many rows are to be compacted; the first may be what was compacted before."""

    @abstractmethod
    def compact(self, accumulator: list[pa.RecordBatch]) -> list[pa.RecordBatch]:
        """One block that says the same, or none if there is none."""


class LearnTokenizers(beam.PTransform):
    """(partition, block of schema ``CLEAN``), no pair twice → (side, what its tokenizer has learnt).

    Both sides are there if there is any block. Where the plan has a base, they are those of the base, which learn no
    more than the words by which its vocabulary may grow.
    """

    def __init__(self, plan: Plan):
        super().__init__()
        self.parameters = plan.parameters
        self.known = plan.base.learnt if plan.base else {}

    def expand(self, blocks: beam.PCollection) -> beam.PCollection:
        if self.known and not self.parameters.extend_vocabulary:
            return blocks.pipeline | "Base" >> beam.Create(self.known.items()).with_output_types(tuple[str, bytes])
        return (
            blocks
            | "Sentences" >> beam.FlatMap(_train_sentences).with_output_types(tuple[str, pa.RecordBatch])
            | "Sample" >> beam.CombinePerKey(SampleSentences(SAMPLE_SENTENCES))
            | "Learn" >> beam.Map(_learn, self.parameters, self.known).with_output_types(tuple[str, bytes])
        )


def _train_sentences(element: tuple[int, pa.RecordBatch]) -> Iterator[tuple[str, pa.RecordBatch]]:
    """(side, block of schema ``SENTENCES``) for each side, with the sentences of the train split to learn from."""
    _, block = element
    train = block.filter(pa.array(block["split"].to_numpy() == TRAIN))
    for side in SIDES:
        short = pc.less_equal(pc.binary_length(train[side]), _LONGEST)
        sentences = train[side].filter(short)
        yield side, pa.record_batch([pa.array(hash_sentences(sentences)), sentences], schema=SENTENCES)


def _learn(element: tuple[str, pa.StringArray], p: PrepareParameters, known: Mapping[str, bytes]) -> tuple[str, bytes]:
    side, sentences = element
    is_source = side == SIDES[0]
    language = p.source_language if is_source else p.target_language
    if known:
        more = p.extend_vocabulary
        return side, learn_more(known[side], language, sentences, more, p.min_count, simplified=is_source)
    size = p.vocab_size - len(SPECIAL_TOKENS)
    return side, learning(p.tokenizer).learn(language, sentences, size, p.min_count, simplified=is_source)


class SampleSentences(MergeBlocks):
    """Blocks of schema ``SENTENCES`` → the distinct sentences with the smallest hashes, in the order of these.

    Which sentences those are, and their order, depends on the corpus alone: not on blocks, workers or bundles. Of what
    it is given, one block at a time, it holds at most ``2 * size`` rows and that block, while it merges, too.
    """

    def __init__(self, size: int):
        self.size = size

    def is_full(self, rows: list[int]) -> bool:
        return sum(rows) > 2 * self.size

    def compact(self, accumulator: list[pa.RecordBatch]) -> list[pa.RecordBatch]:
        if not accumulator:
            return accumulator
        table = pa.Table.from_batches(accumulator).group_by(SENTENCES.names, use_threads=False).aggregate([])
        order = pc.sort_indices(table, [(name, "ascending") for name in SENTENCES.names])
        return table.take(order[: self.size]).combine_chunks().to_batches()

    def extract_output(self, accumulator: list[pa.RecordBatch]) -> pa.StringArray:
        blocks = self.compact(accumulator)
        return blocks[0]["sentence"] if blocks else pa.array([], pa.string())


class Tokenize(beam.PTransform):
    """(partition, block of schema ``CLEAN``) → ``pairs`` (partition, block with columns ``TOKENIZED``).

    Beside that: ``rejected`` blocks; ``held_out`` (split, block of schema ``HELD_OUT``); ``counts`` (side, block of
    schema ``TOKEN_COUNTS``) of the train split; ``facts`` (:class:`PartitionFacts`).

    Args:
        plan: with the rules about lengths.
        learnt: (side, what its tokenizer has learnt).
    """

    def __init__(self, plan: Plan, learnt: beam.PCollection):
        super().__init__()
        self.tokenize, self.learnt = _Tokenize(plan), learnt

    def expand(self, blocks: beam.PCollection) -> Any:
        return blocks | "Tokenize" >> beam.ParDo(self.tokenize, beam.pvalue.AsDict(self.learnt)).with_output_types(
            tuple[int, pa.RecordBatch],
            rejected=pa.RecordBatch,
            held_out=tuple[str, pa.RecordBatch],
            counts=tuple[str, pa.RecordBatch],
            facts=PartitionFacts,
        ).with_outputs("rejected", "held_out", "counts", "facts", main="pairs")


class _Tokenize(beam.DoFn):
    def __init__(self, plan: Plan):
        self.given = np.array([file.split is not None for file in plan.files])
        self.words = np.array([file.word for file in plan.files])
        self.mixed = plan.mixed
        self.parameters = plan.parameters
        self.rules = [NO_TOKENS, *(rule for rule in TOKEN_RULES if rule.name not in plan.rules_off)]
        self.settings = plan.codec_settings
        self.tokenizers: Tokenizers | None = None

    def process(self, element: tuple[int, pa.RecordBatch], learnt: Mapping[str, bytes]) -> Iterator[Any]:
        partition, block = element
        if self.tokenizers is None:
            self.tokenizers = Tokenizers(self.settings, (learnt["source"], learnt["target"]))
        tokens = self.tokenizers.pairs(block["source"], block["target"])
        lengths = (np.diff(tokens[0].offsets.to_numpy()), np.diff(tokens[1].offsets.to_numpy()))
        given = self.given[block["file"].to_numpy()]
        masks = [rule.broken_by(*lengths, self.parameters) & ~given for rule in self.rules]
        broken = first_broken(masks, block.num_rows)
        for index, rule in enumerate(self.rules):
            yield from reject(block, broken == index, rule.name)
        # A given corpus is scored whole, but a sentence without a token, or a very long one, is no use as a record.
        longer, shorter = np.maximum(*lengths), np.minimum(*lengths)
        kept = broken < 0
        splits = block["split"].to_numpy()
        fit = (splits < len(SPLITS)) & (shorter > 0) & (longer <= self.parameters.max_length)
        record = kept & (~given | fit)
        left_out: Counter[str] = Counter()
        for split in range(TRAIN + 1, len(GIVEN)):
            here = kept & (splits == split)
            if here.any():
                rows = block.select(HELD_OUT.names).filter(pa.array(here))
                yield beam.pvalue.TaggedOutput("held_out", (GIVEN[split], rows))
            if split < len(SPLITS) and (left_out_here := int((here & ~record).sum())):
                left_out[SPLITS[split]] = left_out_here
        splits, lengths = splits[record], (lengths[0][record], lengths[1][record])
        lows = bucket_lows(np.maximum(*lengths), self.parameters.bucket_width)
        words, own = self.words[block["file"].to_numpy()[record]], ~given[record]
        by_word = {(word, SPLITS[split]): rows.size for (word, split), rows in groups(words[own], splits[own])}
        # Only training draws, so only there words stand apart.
        columns = splits, lows, np.where(splits == TRAIN, words + 1, 0) if self.mixed else np.zeros_like(words)
        facts = PartitionFacts.of(partition, *columns, lengths, left_out, by_word)
        yield beam.pvalue.TaggedOutput("facts", facts)
        if record.any():
            rows = pa.array(record)
            lists = spread(lambda column: _numbered(column.filter(rows)), tokens)
            for side, column in zip(SIDES, lists, strict=True):
                yield beam.pvalue.TaggedOutput("counts", (side, _token_counts(column, splits == TRAIN)))
            yield partition, pa.record_batch([*columns, *lists], names=TOKENIZED)


def _numbered(tokens: pa.ListArray) -> pa.ListArray:
    """The same lists, with each distinct token once and numbers in the lists."""
    offsets, numbered = tokens.offsets.to_numpy(), tokens.flatten().dictionary_encode()
    if len(numbered.dictionary) <= 1 << 16:
        # Half the bytes to carry.
        numbered = pa.DictionaryArray.from_arrays(numbered.indices.cast(pa.uint16()), numbered.dictionary)
    return pa.ListArray.from_arrays(pa.array(offsets - offsets[0]), numbered)


def _token_counts(tokens: pa.ListArray, rows: np.ndarray) -> pa.RecordBatch:
    """How often each token occurs in some of the lists (bool, shape [n])."""
    running = tokens.flatten()
    numbers = running.indices.to_numpy()[np.repeat(rows, np.diff(tokens.offsets.to_numpy()))]
    counts = np.bincount(numbers, minlength=len(running.dictionary))
    return pa.record_batch([running.dictionary.filter(pa.array(counts > 0)), counts[counts > 0]], schema=TOKEN_COUNTS)


def unseen_tokens(side: str, learnt: bytes) -> tuple[str, pa.RecordBatch]:
    """(side, block of schema ``TOKEN_COUNTS``): every token that the tokenizer can give, each counted 0 times.

    With these, every token is in the vocabulary, whether the corpus holds it or not, and no text has an unknown one.
    """
    tokens = Inventory.load(learnt).tokens()
    return side, pa.record_batch([tokens, np.zeros(len(tokens), np.int64)], schema=TOKEN_COUNTS)


class RankTokens(MergeBlocks):
    """Blocks of schema ``TOKEN_COUNTS`` → :class:`RankedTokens`.

    A worker holds each distinct token once, and beside them ``_PILE`` rows and a block at the most that are not added
    up yet; while it merges, the block is what another worker has counted.
    """

    def is_full(self, rows: list[int]) -> bool:
        return sum(rows[1:]) > _PILE

    def compact(self, accumulator: list[pa.RecordBatch]) -> list[pa.RecordBatch]:
        if len(accumulator) < 2:
            return accumulator
        table = pa.Table.from_batches(accumulator).group_by("token", use_threads=False).aggregate([("count", "sum")])
        columns = [table["token"].combine_chunks(), table["count_sum"].combine_chunks()]
        return [pa.record_batch(columns, schema=TOKEN_COUNTS)]

    def extract_output(self, accumulator: list[pa.RecordBatch]) -> RankedTokens:
        (block,) = self.compact(accumulator)
        order = pc.sort_indices(block, [("count", "descending"), ("token", "ascending")])
        return RankedTokens(block.take(order))


def keep_ids(element: tuple[str, RankedTokens], known: Mapping[str, pa.StringArray]) -> tuple[str, RankedTokens]:
    """The tokens of a side, those of the base's vocabulary first and in its order; ``known`` holds that, if any."""
    side, ranked = element
    if not known:
        return element
    before, block = known[side][len(SPECIAL_TOKENS) :], ranked.block
    counts = pc.fill_null(block["count"].take(pc.index_in(before, block["token"])), 0)
    new = block.filter(pc.invert(pc.is_in(block["token"], before)))
    columns = [pa.concat_arrays([before, new["token"]]), pa.concat_arrays([counts, new["count"]])]
    return side, RankedTokens(pa.record_batch(columns, schema=TOKEN_COUNTS))
