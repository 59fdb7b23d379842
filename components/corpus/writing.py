"""Writing: record files, held-out pairs, rejected lines. What is written twice (a retried bundle) is equal."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from apache_beam.metrics import Metrics

from components.corpus import progress
from components.corpus.blocks import concatenate
from components.corpus.encoding import RecordFacts, Stretch
from components.corpus.files import write_file
from components.corpus.plan import SourceFile
from components.corpus.rules import DUPLICATE
from components.corpus.tally import NAMESPACE, Tally, count
from components.dataset.heldout import heldout_content, heldout_facts, heldout_file
from components.dataset.manifest import HeldOut
from components.dataset.records import split_and_low

# Names of tallies; the rule's name follows the last one.
DUPLICATES, REJECTED = "duplicates", "rejected_"
WRITTEN = "written"
# So many consecutive lines of a file share a file of rejected lines.
_LINES_PER_FILE = 1 << 18


@dataclass(frozen=True)
class RecordFile:
    """A written file of records, relative to the dataset's folder."""

    file: str
    split: str
    low: int
    bytes: int
    facts: RecordFacts


class WriteRecords(beam.DoFn):
    """(file, stretches of it) → :class:`RecordFile`; the stretches stand in the order of their partitions."""

    def __init__(self, folder: str):
        self.folder = folder

    def process(self, element: tuple[str, Iterable[Stretch]]) -> Iterator[RecordFile]:
        file, stretches = element
        ordered = sorted(stretches, key=lambda stretch: stretch.partition)
        size = write_file(f"{self.folder}/{file}", [stretch.content for stretch in ordered])
        facts = sum((stretch.facts for stretch in ordered), RecordFacts())
        progress.passed(progress.WRITTEN, facts.records)
        Metrics.counter(NAMESPACE, WRITTEN).inc(facts.records)
        split, low = split_and_low(file)
        yield RecordFile(file, split, low, size, facts)


@dataclass(frozen=True)
class HeldOutFile:
    """A written file of held-out pairs."""

    split: str
    facts: HeldOut


class WriteHeldOut(beam.DoFn):
    """(split, its blocks of schema ``HELD_OUT``) → :class:`HeldOutFile`, in the order of the corpus."""

    def __init__(self, folder: str, given: frozenset[str]):
        self.folder, self.given = folder, given

    def process(self, element: tuple[str, Iterable[pa.RecordBatch]]) -> Iterator[HeldOutFile]:
        split, blocks = element
        block = _in_order(concatenate(blocks))
        pairs = zip(block["source"].to_pylist(), block["target"].to_pylist(), strict=True)
        content = heldout_content(pairs)
        write_file(f"{self.folder}/{heldout_file(split)}", [content])
        yield HeldOutFile(split, heldout_facts(split, content, block.num_rows, split in self.given))


class WriteRejected(beam.PTransform):
    """Blocks of schema ``REJECTED`` → one JSON line for each row, and the tally of them by rule."""

    def __init__(self, folder: str, files: list[SourceFile]):
        super().__init__()
        self.folder, self.files = folder, files

    def expand(self, blocks: beam.PCollection) -> beam.PCollection:
        return (
            blocks
            | "ByRange" >> beam.ParDo(_ByRange()).with_output_types(tuple[str, pa.RecordBatch])
            | "Group" >> beam.GroupByKey()
            | "Write" >> beam.ParDo(_WriteRejected(self.folder, self.files))
        )


class _ByRange(beam.DoFn):
    def process(self, block: pa.RecordBatch) -> Iterator[tuple[str, pa.RecordBatch]]:
        for file in pc.unique(block["file"]):
            rows = block.filter(pc.equal(block["file"], file))
            ranges = (rows["line"].to_numpy() - 1) // _LINES_PER_FILE
            for number in sorted(set(ranges.tolist())):
                yield f"{file.as_py():05d}-{number:05d}", rows.filter(pa.array(ranges == number))


class _WriteRejected(beam.DoFn):
    def __init__(self, folder: str, files: list[SourceFile]):
        self.folder, self.names = folder, pa.array([json.dumps(file.name, ensure_ascii=False) for file in files])

    def process(self, element: tuple[str, Iterable[pa.RecordBatch]]) -> Iterator[Tally]:
        name, blocks = element
        block = _in_order(concatenate(blocks))
        pieces: tuple[Any, ...] = (
            '{"file": ',
            self.names.take(block["file"]),
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
        lines = pc.binary_join_element_wise(*pieces, "")
        write_file(f"{self.folder}/rejected/{name}.jsonl", [_joined(lines)])
        for entry in block["rule"].value_counts().to_pylist():
            rule, rows = entry["values"], entry["counts"]
            yield count(DUPLICATES if rule == DUPLICATE else REJECTED + rule, rows)


def _in_order(block: pa.RecordBatch) -> pa.RecordBatch:
    return block.take(pc.sort_indices(block, [("file", "ascending"), ("line", "ascending")]))


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
