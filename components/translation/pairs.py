"""Blocks of sentence pairs scored by models, to filter a corpus by: with TensorFlow, on the workers that do it."""

from collections.abc import Sequence
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
from apache_beam.ml.inference.base import RunInference

from components.corpus.filtering import Scored
from components.corpus.plan import Judge
from components.corpus.splitting import TRAIN
from components.translation.pipeline import KeyedResults, KeyedTexts, TranslatorHandler
from components.translation.tasks import Scoring


class ScorePairs(beam.PTransform):
    """(partition, block with ``source``, ``target`` and ``split``) → the same with a score of each training pair.

    By one model, minus the cross entropy of a token of the translation, given the source. By two of both directions,
    what Junczys-Dowmunt (2018) filters by: minus the mean of both cross entropies and their difference; a pair must be
    probable both ways, and as probable in the one as in the other. Pairs that no model can take have none (NaN), and
    so have those of other splits.
    """

    def __init__(self, judges: Sequence[Judge]):
        super().__init__()
        # Of the models no more than the workers need.
        self.judges = [(str(judge.folder.absolute()), judge.forward) for judge in judges]

    def expand(self, blocks: beam.PCollection) -> beam.PCollection:
        elements = blocks | "Begin" >> beam.Map(lambda element: (*element, ())).with_output_types(Any)
        for number, (folder, forward) in enumerate(self.judges, 1):
            elements = (
                elements
                | f"Texts{number}" >> beam.Map(_texts, forward).with_output_types(KeyedTexts)
                | f"Score{number}" >> RunInference(TranslatorHandler(folder, Scoring()))
                | f"Scores{number}" >> beam.Map(_scores).with_output_types(Any)
            )
        return elements | "Combine" >> beam.MapTuple(_combined).with_output_types(Scored)


def _texts(element: Any, forward: bool) -> KeyedTexts:
    _, block, _ = element
    sides = ("source", "target") if forward else ("target", "source")
    pairs = zip(*(block[side].to_pylist() for side in sides), strict=True)
    wanted = block["split"].to_numpy() == TRAIN
    return KeyedTexts(element, tuple(pair if train else None for pair, train in zip(pairs, wanted, strict=True)))


def _scores(found: KeyedResults) -> Any:
    partition, block, before = found.key
    rows = zip(found.results, found.faults, strict=True)
    means = [np.nan if fault or result is None else result.mean for result, fault in rows]
    return partition, block, (*before, np.array(means, np.float32))


def _combined(partition: int, block: pa.RecordBatch, scores: tuple[np.ndarray, ...]) -> Scored:
    first, last = scores[0], scores[-1]
    return partition, block, (first + last) / 2 - np.abs(first - last)
