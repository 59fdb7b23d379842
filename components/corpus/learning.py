"""Learning tokenizers: a sample of the train split's sentences, and what a tokenizer makes of it."""

from collections.abc import Iterable, Iterator

import apache_beam as beam
import pyarrow as pa
import pyarrow.compute as pc

from components.corpus.cleaning import TRAIN, hash_sentences
from components.corpus.parameters import PrepareParameters
from components.corpus.tokenizing import SIDES
from components.text.tokenizer import tokenizer_kind
from components.text.vocabulary import SPECIAL_TOKENS

# Sentences a side to learn from.
SAMPLE_SENTENCES = 100_000
# Bytes. Longer ones teach no more, and bound what a worker holds: two samples of sentences like these, and a block.
_LONGEST = 4096
SENTENCES = pa.schema([("hash", pa.uint64()), ("sentence", pa.string())])


class LearnTokenizers(beam.PTransform):
    """(partition, block of schema ``CLEAN``), no pair twice → (side, what its tokenizer has learnt).

    Both sides are there if there is any block. Nothing comes of a tokenizer that learns nothing.
    """

    def __init__(self, parameters: PrepareParameters):
        super().__init__()
        self.tokenizer, self.min_count = parameters.tokenizer, parameters.min_count
        self.size = parameters.vocab_size - len(SPECIAL_TOKENS)

    def expand(self, blocks: beam.PCollection) -> beam.PCollection:
        learn = tokenizer_kind(self.tokenizer).learn
        if learn is None:
            return blocks.pipeline | "Nothing" >> beam.Create([])
        return (
            blocks
            | "Sentences" >> beam.FlatMap(_sentences).with_output_types(tuple[str, pa.RecordBatch])
            | "Sample" >> beam.CombinePerKey(SampleSentences(SAMPLE_SENTENCES))
            | "Learn"
            >> beam.ParDo(_Learn(self.tokenizer, self.size, self.min_count)).with_output_types(tuple[str, bytes])
        )


class SampleSentences(beam.CombineFn):
    """Blocks of schema ``SENTENCES`` → the distinct sentences with the smallest hashes, in the order of these.

    Which sentences those are, and their order, depends on the corpus alone: not on blocks, workers or bundles. Of what
    it is given, one block at a time, it holds at most ``2 * size`` rows and that block, while it merges, too.
    """

    def __init__(self, size: int):
        self.size = size

    def create_accumulator(self) -> list[pa.RecordBatch]:
        return []

    def add_input(self, accumulator: list[pa.RecordBatch], block: pa.RecordBatch) -> list[pa.RecordBatch]:
        accumulator.append(block)
        return self.compact(accumulator) if sum(b.num_rows for b in accumulator) > 2 * self.size else accumulator

    def merge_accumulators(self, accumulators: Iterable[list[pa.RecordBatch]]) -> list[pa.RecordBatch]:
        merged = self.create_accumulator()
        for accumulator in accumulators:
            for block in accumulator:
                merged = self.add_input(merged, block)
        return self.compact(merged)

    def compact(self, accumulator: list[pa.RecordBatch]) -> list[pa.RecordBatch]:
        if not accumulator:
            return accumulator
        table = pa.Table.from_batches(accumulator).group_by(SENTENCES.names, use_threads=False).aggregate([])
        order = pc.sort_indices(table, [(name, "ascending") for name in SENTENCES.names])
        return table.take(order[: self.size]).combine_chunks().to_batches()

    def extract_output(self, accumulator: list[pa.RecordBatch]) -> pa.StringArray:
        blocks = self.compact(accumulator)
        return blocks[0]["sentence"] if blocks else pa.array([], pa.string())


def _sentences(element: tuple[int, pa.RecordBatch]) -> Iterator[tuple[str, pa.RecordBatch]]:
    """(side, block of schema ``SENTENCES``) for each side, with the sentences of the train split that are worth it."""
    _, block = element
    train = block.filter(pa.array(block["split"].to_numpy() == TRAIN))
    for side in SIDES:
        short = pc.less_equal(pc.binary_length(train[side]), _LONGEST)
        sentences = train[side].filter(short)
        yield side, pa.record_batch([pa.array(hash_sentences(sentences)), sentences], schema=SENTENCES)


class _Learn(beam.DoFn):
    def __init__(self, tokenizer: str, size: int, min_count: int):
        self.tokenizer, self.size, self.min_count = tokenizer, size, min_count

    def process(self, element: tuple[str, pa.StringArray]) -> Iterator[tuple[str, bytes]]:
        side, sentences = element
        if learn := tokenizer_kind(self.tokenizer).learn:
            yield side, learn(sentences, self.size, min_count=self.min_count)
