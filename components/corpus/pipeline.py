"""The preparation as one Beam pipeline; each step is a transform of its own module."""

import apache_beam as beam
import pyarrow as pa

from components.corpus import coder  # noqa: F401  (registers how blocks are encoded)
from components.corpus.cleaning import Clean, Cleaner, Shares
from components.corpus.deduplicate import REJECTED_TAG, Deduplicate, PartitionBySource
from components.corpus.encoding import Encode, Stretch
from components.corpus.read import Read
from components.corpus.report import WriteReport
from components.corpus.rules import DUPLICATE, rules_off
from components.corpus.shards import plan_shards
from components.corpus.survey import Survey
from components.corpus.tally import SumTallies
from components.corpus.tokenizing import COUNTS_TAG, FACTS_TAG, HELD_OUT_TAG, SIDES, PartitionFacts, Tokenize
from components.corpus.vocabulary_count import RankTokens
from components.corpus.writing import WriteHeldOut, WriteRecords, WriteRejected
from components.text.codec import CodecSettings


def build(pipeline: beam.Pipeline, survey: Survey, folder: str) -> None:
    """Adds the whole preparation to ``pipeline``; it writes into ``folder``.

    What it finds out is read with :func:`report.read_report`:

    ``tally`` {name: lines}, ``source`` and ``target`` :class:`RankedTokens`, ``facts`` :class:`PartitionFacts`,
    ``files`` :class:`RecordFile`, ``held_out`` (split, :class:`HeldOut`).
    """
    p, places = survey.parameters, list(survey.places)
    settings = CodecSettings(p.source_language, p.target_language, p.tokenizer, p.reverse_source)
    # A split that is given takes nothing from the corpus.
    shares = Shares(
        validation=0.0 if "validation" in survey.given else p.validation_share,
        test=0.0 if "test" in survey.given else p.test_share,
    )
    raw, read_tally = pipeline | "Read" >> Read(survey.sources, survey.parts, places)
    clean = raw | "Clean" >> beam.ParDo(Clean(Cleaner(places, p, shares))).with_output_types(
        pa.RecordBatch, rejected=pa.RecordBatch
    ).with_outputs(REJECTED_TAG, main="pairs")
    distinct = (
        clean.pairs
        | "PartitionBySource" >> PartitionBySource(survey.partitions)
        | "Deduplicate"
        >> beam.ParDo(Deduplicate(places, DUPLICATE not in rules_off(p)))
        .with_output_types(tuple[int, pa.RecordBatch], rejected=pa.RecordBatch)
        .with_outputs(REJECTED_TAG, main="pairs")
    )
    tokenized = distinct.pairs | "Tokenize" >> beam.ParDo(Tokenize(places, p, settings)).with_output_types(
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
            Encode(settings, p.bucket_width),
            *(beam.pvalue.AsSingleton(ranked[side]) for side in SIDES),
            beam.pvalue.AsSingleton(shards),
        ).with_output_types(tuple[str, Stretch])
        | "ByFile" >> beam.GroupByKey()
        | "WriteRecords" >> beam.ParDo(WriteRecords(folder))
    )
    held_out = (
        tokenized[HELD_OUT_TAG]
        | "BySplit" >> beam.GroupByKey()
        | "WriteHeldOut" >> beam.ParDo(WriteHeldOut(folder, survey.given))
    )
    rejected_tally = (
        (clean[REJECTED_TAG], distinct[REJECTED_TAG], tokenized[REJECTED_TAG])
        | "Rejected" >> beam.Flatten()
        | "WriteRejected" >> WriteRejected(folder, places)
    )
    tally = (read_tally, rejected_tally) | "Tallies" >> beam.Flatten() | beam.CombineGlobally(SumTallies())
    parts = {**ranked, "tally": tally, "facts": tokenized[FACTS_TAG], "files": records, "held_out": held_out}
    _ = parts | "WriteReport" >> WriteReport(folder)


def _of_side(element: tuple[str, pa.RecordBatch], side: str) -> list[pa.RecordBatch]:
    return [element[1]] if element[0] == side else []
