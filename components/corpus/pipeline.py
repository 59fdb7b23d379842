"""The preparation as one Beam pipeline; each step is a transform of its own module."""

import apache_beam as beam
import pyarrow as pa

from components.corpus import coder  # noqa: F401  (registers how blocks are encoded)
from components.corpus.cleaning import Clean, Cleaner, Shares
from components.corpus.deduplicate import REJECTED_TAG, Deduplicate, PartitionBySource
from components.corpus.encoding import Encode, Stretch
from components.corpus.learning import LearnTokenizers
from components.corpus.plan import Plan
from components.corpus.reading import Read
from components.corpus.report import AllTogether, WriteReport
from components.corpus.rules import DUPLICATE, rules_off
from components.corpus.shards import Shards, plan_shards
from components.corpus.tally import TALLY_TAG, Tally
from components.corpus.tokenizing import COUNTS_TAG, FACTS_TAG, HELD_OUT_TAG, PartitionFacts, Tokenize
from components.corpus.vocabulary_count import RankTokens
from components.corpus.writing import WriteHeldOut, WriteRecords, WriteRejected
from components.text.codec import CodecSettings


def build(pipeline: beam.Pipeline, plan: Plan, folder: str) -> None:
    """Adds the whole preparation to ``pipeline``; it writes into ``folder``.

    What it finds out is read with :func:`report.take_report`: objects of :class:`Tally`, :class:`PartitionFacts`,
    :class:`RecordFile` and :class:`HeldOutFile`, and with the side's name :class:`RankedTokens` and, as bytes, what
    the tokenizer has learnt.
    """
    p, files_read = plan.parameters, list(plan.files)
    settings = CodecSettings(p.source_language, p.target_language, p.tokenizer, p.reverse_source)
    # A split that is given takes nothing from the corpus.
    shares = Shares(
        validation=0.0 if "validation" in plan.given else p.validation_share,
        test=0.0 if "test" in plan.given else p.test_share,
    )
    raw, read_tallies = pipeline | "Read" >> Read(plan.ranges, plan.files)
    clean = raw | "Clean" >> beam.ParDo(Clean(Cleaner(files_read, p, shares))).with_output_types(
        pa.RecordBatch, rejected=pa.RecordBatch, tally=Tally
    ).with_outputs(REJECTED_TAG, TALLY_TAG, main="pairs")
    distinct = (
        clean.pairs
        | "PartitionBySource" >> PartitionBySource(plan.partitions)
        | "Deduplicate"
        >> beam.ParDo(Deduplicate(files_read, DUPLICATE not in rules_off(p)))
        .with_output_types(tuple[int, pa.RecordBatch], rejected=pa.RecordBatch)
        .with_outputs(REJECTED_TAG, main="pairs")
    )
    learnt = distinct.pairs | "LearnTokenizers" >> LearnTokenizers(p)
    tokenized = distinct.pairs | "Tokenize" >> beam.ParDo(
        Tokenize(files_read, p, settings), beam.pvalue.AsDict(learnt)
    ).with_output_types(
        tuple[int, pa.RecordBatch],
        rejected=pa.RecordBatch,
        held_out=tuple[str, pa.RecordBatch],
        counts=tuple[str, pa.RecordBatch],
        facts=PartitionFacts,
    ).with_outputs(REJECTED_TAG, HELD_OUT_TAG, COUNTS_TAG, FACTS_TAG, main="pairs")
    ranked = tokenized[COUNTS_TAG] | "RankTokens" >> beam.CombinePerKey(RankTokens(p.vocab_size, p.min_count))
    shards = (
        tokenized[FACTS_TAG]
        | "AllFacts" >> AllTogether()
        | "PlanShards" >> beam.Map(plan_shards, p.num_shards).with_output_types(Shards)
    )
    files = (
        tokenized.pairs
        | "Encode"
        >> beam.ParDo(
            Encode(settings, p.bucket_width), beam.pvalue.AsDict(ranked), beam.pvalue.AsSingleton(shards)
        ).with_output_types(tuple[str, Stretch])
        | "ByFile" >> beam.GroupByKey()
        | "WriteRecords" >> beam.ParDo(WriteRecords(folder))
    )
    held_out = (
        tokenized[HELD_OUT_TAG]
        | "BySplit" >> beam.GroupByKey()
        | "WriteHeldOut" >> beam.ParDo(WriteHeldOut(folder, plan.given))
    )
    rejected_tallies = (
        (clean[REJECTED_TAG], distinct[REJECTED_TAG], tokenized[REJECTED_TAG])
        | "Rejected" >> beam.Flatten()
        | "WriteRejected" >> WriteRejected(folder, files_read)
    )
    told = (read_tallies, clean[TALLY_TAG], rejected_tallies, learnt, tokenized[FACTS_TAG], ranked, files, held_out)
    _ = told | "WriteReport" >> WriteReport(folder)
