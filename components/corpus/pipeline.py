"""The preparation as one Beam pipeline; each step is a transform of its own module."""

from collections.abc import Sequence
from dataclasses import dataclass

import apache_beam as beam
import pyarrow as pa

from components.corpus import coder  # noqa: F401  (registers how blocks are encoded)
from components.corpus.cleaning import Clean, Cleaner, Place, Shares
from components.corpus.deduplicate import REJECTED_TAG, Deduplicate, PartitionBySource
from components.corpus.encoding import Encode, Stretch
from components.corpus.parameters import PrepareParameters
from components.corpus.read import Read
from components.corpus.report import WriteReport
from components.corpus.rules import DUPLICATE, rules_off
from components.corpus.shards import plan_shards
from components.corpus.sources import Source, Work
from components.corpus.tally import SumTallies
from components.corpus.tokenizing import COUNTS_TAG, FACTS_TAG, HELD_OUT_TAG, SIDES, PartitionFacts, Tokenize
from components.corpus.vocabulary_count import RankTokens
from components.corpus.writing import WriteHeldOut, WriteRecords, WriteRejected
from components.dataset.manifest import SPLITS
from components.text.codec import CodecSettings


@dataclass(frozen=True)
class Plan:
    """Everything the pipeline is built from, settled by the launcher.

    ``parts`` are (index into ``sources``, index into ``places``, part); ``folder`` is where everything is written.
    """

    sources: Sequence[Source]
    parts: Sequence[tuple[int, int, Work]]
    places: Sequence[Place]
    parameters: PrepareParameters
    partitions: int
    folder: str

    @property
    def given(self) -> frozenset[str]:
        """The splits that are corpora of their own."""
        return frozenset(SPLITS[place.split] for place in self.places if place.split is not None)

    @property
    def shares(self) -> Shares:
        """What is split off the corpus: nothing for a split that is given."""
        p, given = self.parameters, self.given
        return Shares(
            validation=0.0 if "validation" in given else p.validation_share,
            test=0.0 if "test" in given else p.test_share,
        )

    @property
    def settings(self) -> CodecSettings:
        p = self.parameters
        return CodecSettings(p.source_language, p.target_language, p.tokenizer, p.reverse_source)


def build(pipeline: beam.Pipeline, plan: Plan) -> None:
    """Adds the whole preparation to ``pipeline``. What it finds out is read with :func:`report.read_report`:

    ``tally`` {name: lines}, ``source`` and ``target`` :class:`RankedTokens`, ``facts`` :class:`PartitionFacts`,
    ``files`` :class:`RecordFile`, ``held_out`` (split, :class:`HeldOut`).
    """
    p, places = plan.parameters, list(plan.places)
    raw, read_tally = pipeline | "Read" >> Read(plan.sources, plan.parts, places)
    clean = raw | "Clean" >> beam.ParDo(Clean(Cleaner(places, p, plan.shares))).with_output_types(
        pa.RecordBatch, rejected=pa.RecordBatch
    ).with_outputs(REJECTED_TAG, main="pairs")
    distinct = (
        clean.pairs
        | "PartitionBySource" >> PartitionBySource(plan.partitions)
        | "Deduplicate"
        >> beam.ParDo(Deduplicate(places, DUPLICATE not in rules_off(p)))
        .with_output_types(tuple[int, pa.RecordBatch], rejected=pa.RecordBatch)
        .with_outputs(REJECTED_TAG, main="pairs")
    )
    tokenized = distinct.pairs | "Tokenize" >> beam.ParDo(Tokenize(places, p, plan.settings)).with_output_types(
        tuple[int, pa.RecordBatch],
        rejected=pa.RecordBatch,
        held_out=tuple[str, pa.RecordBatch],
        counts=tuple[str, pa.RecordBatch],
        facts=PartitionFacts,
    ).with_outputs(REJECTED_TAG, HELD_OUT_TAG, COUNTS_TAG, FACTS_TAG, main="pairs")
    ranked = {
        side: tokenized[COUNTS_TAG]
        | f"Only {side}" >> beam.FlatMap(_of_side, side).with_output_types(pa.RecordBatch)
        | f"Rank {side} tokens" >> beam.CombineGlobally(RankTokens(p.vocab_size, p.min_count))
        for side in SIDES
    }
    shards = (
        tokenized[FACTS_TAG]
        | "GatherFacts" >> beam.combiners.ToList()
        | "PlanShards" >> beam.Map(plan_shards, p.num_shards)
    )
    records = (
        tokenized.pairs
        | "Encode"
        >> beam.ParDo(
            Encode(plan.settings, p.bucket_width),
            *(beam.pvalue.AsSingleton(ranked[side]) for side in SIDES),
            beam.pvalue.AsSingleton(shards),
        ).with_output_types(tuple[str, Stretch])
        | "ByFile" >> beam.GroupByKey()
        | "WriteRecords" >> beam.ParDo(WriteRecords(plan.folder))
    )
    held_out = (
        tokenized[HELD_OUT_TAG]
        | "BySplit" >> beam.GroupByKey()
        | "WriteHeldOut" >> beam.ParDo(WriteHeldOut(plan.folder, plan.given))
    )
    rejected_tally = (
        (clean[REJECTED_TAG], distinct[REJECTED_TAG], tokenized[REJECTED_TAG])
        | "Rejected" >> beam.Flatten()
        | "WriteRejected" >> WriteRejected(plan.folder, places)
    )
    tally = (read_tally, rejected_tally) | "Tallies" >> beam.Flatten() | beam.CombineGlobally(SumTallies())
    parts = {**ranked, "tally": tally, "facts": tokenized[FACTS_TAG], "files": records, "held_out": held_out}
    _ = parts | "WriteReport" >> WriteReport(plan.folder)


def _of_side(element: tuple[str, pa.RecordBatch], side: str) -> list[pa.RecordBatch]:
    return [element[1]] if element[0] == side else []
