"""Encoding and writing: records, held-out pairs, rejected lines. What is written twice (a retried bundle) is equal."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.corpus import progress
from components.corpus.blocks import SIDES, TOKENIZED, concatenate, groups, in_corpus_order, spread
from components.corpus.files import write_file
from components.corpus.plan import Plan, SourceFile
from components.corpus.report import PartitionFacts, RankedTokens, RecordFacts, RecordFile, count
from components.corpus.rules import DUPLICATE
from components.dataset.heldout import heldout_content, heldout_facts, heldout_file
from components.dataset.manifest import SPLITS, HeldOut
from components.dataset.records import Bucket, Ids, encode_records
from components.text.codec import TokenCodec
from components.text.vocabulary import Vocabulary

# Files about this large are read well by tf.data and written well by one worker.
SHARD_BYTES = 64 << 20
# So many consecutive lines of a file share a file of rejected lines.
_LINES_PER_FILE = 1 << 18


class WriteRecords(beam.PTransform):
    """(partition, block with columns ``TOKENIZED``) → the written :class:`RecordFile` objects, by bucket and shard.

    Args:
        plan: what is prepared.
        folder: where the dataset is being made.
        ranked: (side, :class:`RankedTokens`), of which the vocabularies are made.
        facts: the :class:`PartitionFacts` of all partitions, by which records are distributed over files.
    """

    def __init__(self, plan: Plan, folder: str, ranked: beam.PCollection, facts: beam.PCollection):
        super().__init__()
        self.plan, self.folder, self.ranked, self.facts = plan, folder, ranked, facts

    def expand(self, pairs: beam.PCollection) -> beam.PCollection:
        shards = (
            self.facts
            | "AllFacts" >> beam.combiners.ToList()
            | "PlanShards" >> beam.Map(plan_shards, self.plan.parameters.num_shards).with_output_types(Shards)
        )
        encode = _Encode(self.plan)
        return (
            pairs
            | "Encode"
            >> beam.ParDo(encode, beam.pvalue.AsDict(self.ranked), beam.pvalue.AsSingleton(shards)).with_output_types(
                tuple[str, EncodedRecords]
            )
            | "ByFile" >> beam.GroupByKey()
            | "Write" >> beam.Map(_write_records, self.folder).with_output_types(RecordFile)
        )


@dataclass(frozen=True)
class Shards:
    """``shard[bucket][partition]`` and ``total[bucket]``.

    A shard holds consecutive partitions: the files of a bucket, read one behind another, hold the same records in the
    same order however many files there are.
    """

    shard: dict[Bucket, dict[int, int]]
    total: dict[Bucket, int]


def plan_shards(facts: Iterable[PartitionFacts], num_shards: int) -> Shards:
    """Distributes the records of each bucket over files.

    Args:
        facts: those of all partitions, in any order.
        num_shards: files a bucket, if it has that many partitions with records; 0: as many as its size asks for.
    """
    shard: dict[Bucket, dict[int, int]] = {}
    sizes: dict[Bucket, list[int]] = {}
    for partition in sorted(facts, key=lambda facts: facts.partition):
        for bucket, size in partition.bytes.items():
            shard.setdefault(bucket, {})[partition.partition] = -1
            sizes.setdefault(bucket, []).append(size)
    total = {}
    for bucket, partitions in shard.items():
        whole = sum(sizes[bucket])
        wanted = min(num_shards or -(-whole // SHARD_BYTES), len(partitions))
        before, last, number = 0, -1, -1
        for partition_number, size in zip(partitions, sizes[bucket], strict=True):
            slot = before * wanted // whole
            number += slot != last
            last, before = slot, before + size
            partitions[partition_number] = number
        total[bucket] = number + 1
    return Shards(shard, total)


@dataclass(frozen=True)
class EncodedRecords:
    """The records of one partition in one bucket, ready to be written."""

    partition: int
    content: bytes
    facts: RecordFacts


class _Encode(beam.DoFn):
    """(partition, block with columns ``TOKENIZED``) → (file, what of the block goes there)."""

    def __init__(self, plan: Plan):
        self.settings, self.bucket_width = plan.codec_settings, plan.parameters.bucket_width
        self.weights = [word.weight for word in plan.words]
        self.codec: TokenCodec | None = None

    def process(
        self, element: tuple[int, pa.RecordBatch], ranked: Mapping[str, RankedTokens], shards: Shards
    ) -> Iterator[tuple[str, EncodedRecords]]:
        partition, block = element
        if self.codec is None:
            self.codec = TokenCodec(self.settings, *(Vocabulary(ranked[side].vocabulary()) for side in SIDES))
        columns = self.codec.source_ids(block["source"]), self.codec.target_ids(block["target"])

        def encode(group: tuple[tuple[int, ...], np.ndarray]) -> tuple[str, EncodedRecords]:
            (split, low, word), rows = group
            ids = [Ids.of(column.take(pa.array(rows))) for column in columns]
            bucket = Bucket(SPLITS[split], low, word)
            file = bucket.file(self.bucket_width, shards.shard[bucket][partition], shards.total[bucket])
            weight = self.weights[word - 1] if word else 1.0
            name = bucket.split if weight == 1 else f"{bucket.split}*{weight:g}"
            return file, EncodedRecords(partition, encode_records(*ids), RecordFacts.of(name, *ids))

        yield from spread(encode, groups(*(block[name].to_numpy() for name in TOKENIZED[:3])))


def _write_records(element: tuple[str, Iterable[EncodedRecords]], folder: str) -> RecordFile:
    """Writes a file, its records in the order of their partitions."""
    file, encoded = element
    ordered = sorted(encoded, key=lambda records: records.partition)
    size = write_file(f"{folder}/{file}", [records.content for records in ordered])
    facts = sum((records.facts for records in ordered), RecordFacts())
    progress.passed(progress.WRITTEN, facts.records)
    count("written", facts.records)
    return RecordFile(file, Bucket.of_file(file), size, facts)


class WriteHeldOut(beam.PTransform):
    """(split, block of schema ``HELD_OUT``) → (split, the written file of its pairs, in the order of the corpus)."""

    def __init__(self, folder: str, given: frozenset[str]):
        super().__init__()
        self.folder, self.given = folder, given

    def expand(self, blocks: beam.PCollection) -> beam.PCollection:
        return (
            blocks
            | "BySplit" >> beam.GroupByKey()
            | "Write" >> beam.Map(_write_held_out, self.folder, self.given).with_output_types(tuple[str, HeldOut])
        )


def _write_held_out(
    element: tuple[str, Iterable[pa.RecordBatch]], folder: str, given: frozenset[str]
) -> tuple[str, HeldOut]:
    split, blocks = element
    block = in_corpus_order(concatenate(blocks))
    content = heldout_content(zip(block["source"].to_pylist(), block["target"].to_pylist(), strict=True))
    write_file(f"{folder}/{heldout_file(split)}", [content])
    return split, heldout_facts(split, content, block.num_rows, split in given)


class WriteRejected(beam.PTransform):
    """Blocks of schema ``REJECTED`` → a JSON line for each row, in files below ``rejected/``; (rule, lines) of each."""

    def __init__(self, folder: str, files: Iterable[SourceFile]):
        super().__init__()
        self.folder, self.names = folder, [json.dumps(file.name, ensure_ascii=False) for file in files]

    def expand(self, blocks: beam.PCollection) -> beam.PCollection:
        return (
            blocks
            | "ByRange" >> beam.FlatMap(_by_range).with_output_types(tuple[str, pa.RecordBatch])
            | "Group" >> beam.GroupByKey()
            | "Write" >> beam.FlatMap(_write_rejected, self.folder, self.names).with_output_types(tuple[str, int])
        )


def _by_range(block: pa.RecordBatch) -> Iterator[tuple[str, pa.RecordBatch]]:
    for file in pc.unique(block["file"]):
        rows = block.filter(pc.equal(block["file"], file))
        ranges = (rows["line"].to_numpy() - 1) // _LINES_PER_FILE
        for number in sorted(set(ranges.tolist())):
            yield f"{file.as_py():05d}-{number:05d}", rows.filter(pa.array(ranges == number))


def _write_rejected(
    element: tuple[str, Iterable[pa.RecordBatch]], folder: str, files: list[str]
) -> Iterator[tuple[str, int]]:
    name, blocks = element
    block = in_corpus_order(concatenate(blocks))
    pieces: tuple[Any, ...] = (
        '{"file": ',
        pa.array(files).take(block["file"]),
        ', "line": ',
        block["line"].cast(pa.string()),
        ', "source": ',
        _json_strings(block["source"]),
        ', "target": ',
        _json_strings(block["target"]),
        ', "rule": "',
        block["rule"],
        '"}\n',
    )
    write_file(f"{folder}/rejected/{name}.jsonl", [_joined(pc.binary_join_element_wise(*pieces, ""))])
    for entry in block["rule"].value_counts().to_pylist():
        rule, lines = entry["values"], entry["counts"]
        count("duplicates" if rule == DUPLICATE else f"rejected_{rule}", lines)
        yield rule, lines


def _joined(texts: pa.StringArray) -> bytes:
    """The texts one behind another: what Arrow's buffer holds anyway."""
    offsets = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return texts.buffers()[2][int(offsets[0]) : int(offsets[-1])].to_pybytes()


def _json_strings(texts: pa.StringArray) -> pa.StringArray:
    """Texts as JSON writes them; null for null. Only what needs escaping passes through Python."""
    plain = pc.binary_join_element_wise('"', texts, '"', "")
    special = pc.fill_null(pc.match_substring_regex(texts, r'["\\\x00-\x1f\x7f\x{85}\x{2028}\x{2029}]'), False)
    if pc.any(special).as_py():
        escaped = [json.dumps(text, ensure_ascii=False) for text in texts.filter(special).to_pylist()]
        plain = pc.replace_with_mask(plain, special, pa.array(escaped, pa.string()))
    return pc.fill_null(plain, "null")
