"""The preparation as one Beam pipeline.

What passes between the boxes are blocks: Arrow record batches of some thousand sentence pairs (schemas in
``blocks.py``), alone or as (key, block)::

    Read             → RAW              file, line, source, target (bytes), fault
    Clean            → CLEAN            file, line, source, target, key, split
    Deduplicate      → partition, CLEAN    all pairs of a source sentence in one partition, which is one block
    FilterByScore    → partition, CLEAN    without the training pairs in which a model believes least
    LearnTokenizers  → side, what the tokenizer has learnt (bytes)
    Tokenize         → partition, TOKENIZED    split, low (end of the bucket), word, source, target (lists of tokens)
                       split, HELD_OUT         file, line, source, target
                       side, TOKEN_COUNTS      token, count
    RankTokens       → side, RankedTokens
    KeepIds          → side, RankedTokens      the vocabulary, which begins with that of the base
    WriteRecords     → RecordFile       one for each file of records
    WriteHeldOut     → split, HeldOut
    Clean, Deduplicate, FilterByScore, Tokenize → REJECTED    file, line, source, target, rule
    WriteRejected    → rule, lines
    WriteReport      → a file with a PrepareReport
"""

import apache_beam as beam
import pyarrow as pa
from apache_beam.pvalue import AsDict, AsList, AsSingleton

from components.corpus.cleaning import Clean, Deduplicate
from components.corpus.filtering import FilterByScore
from components.corpus.plan import Plan
from components.corpus.reading import Read
from components.corpus.report import RankedTokens, WriteReport
from components.corpus.tokenizing import LearnTokenizers, RankTokens, Tokenize, keep_ids, unseen_tokens
from components.corpus.writing import WriteHeldOut, WriteRecords, WriteRejected


def build(pipeline: beam.Pipeline, plan: Plan, folder: str, scores: beam.PTransform | None = None) -> None:
    """Adds the whole preparation to ``pipeline``; it writes into ``folder``, with a report (``report.take_report``).

    With ``scores`` of pairs (see :class:`FilterByScore`), the worst are rejected.
    """
    raw = pipeline | "Read" >> Read(plan)
    clean = raw.blocks | "Clean" >> Clean(plan)
    distinct = clean.pairs | "Deduplicate" >> Deduplicate(plan)
    pairs, rejects = distinct.pairs, [clean.rejected, distinct.rejected]
    if scores:
        filtered = pairs | "FilterByScore" >> FilterByScore(plan, scores)
        pairs, rejects = filtered.pairs, [*rejects, filtered.rejected]
    learnt = pairs | "LearnTokenizers" >> LearnTokenizers(plan)
    tokenized = pairs | "Tokenize" >> Tokenize(plan, learnt)
    unseen = learnt | "UnseenTokens" >> beam.MapTuple(unseen_tokens).with_output_types(tuple[str, pa.RecordBatch])
    ranked = (
        (tokenized.counts, unseen)
        | beam.Flatten()
        | "RankTokens" >> beam.CombinePerKey(RankTokens())
        | "KeepIds"
        >> beam.Map(keep_ids, plan.base.tokens if plan.base else {}).with_output_types(tuple[str, RankedTokens])
    )
    files = tokenized.pairs | "WriteRecords" >> WriteRecords(plan, folder, ranked, tokenized.facts)
    held_out = tokenized.held_out | "WriteHeldOut" >> WriteHeldOut(folder, plan.given)
    rejected = (
        (*rejects, tokenized.rejected)
        | "Rejected" >> beam.Flatten()
        | "WriteRejected" >> WriteRejected(folder, plan.files)
    )
    _ = pipeline | "WriteReport" >> WriteReport(
        folder,
        read=AsDict(raw.counts | "CountRead" >> beam.CombinePerKey(sum)),
        normalized=AsSingleton(clean.normalized | "CountNormalized" >> beam.CombineGlobally(sum)),
        rejected=AsDict(rejected | "CountRejected" >> beam.CombinePerKey(sum)),
        learnt=AsDict(learnt),
        ranked=AsDict(ranked),
        partitions=AsList(tokenized.facts),
        files=AsList(files),
        held_out=AsDict(held_out),
    )
