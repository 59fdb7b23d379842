"""How a model did on a test set: what takes time to find out, and is kept so that it need not be found out twice."""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from components.evaluation.facts import rare_words, shown_alignments, unknown_rate
from components.evaluation.metrics import Score
from components.evaluation.scores import ClassScore, Example, Scores, score_translations
from components.serving.attention import Attention
from components.serving.heat_map import HeatMap, heat_maps
from components.serving.options import TranslationOptions
from components.serving.translation import Translation
from components.serving.translator import Translator
from components.translation.stream import translate_stream


@dataclass(frozen=True)
class Measurement:
    """``unknown_rate`` is the share of output tokens that were ``<unk>`` before words were copied; ``heat_maps``
    belong to some of the sentences; there are none without attention.
    """

    scores: Scores
    unknown_rate: float
    sentences_per_second: float
    heat_maps: tuple[HeatMap, ...]


def measure(
    translator: Translator,
    attention: Attention | None,
    sources: Sequence[str],
    references: Sequence[str],
    options: TranslationOptions,
) -> Measurement:
    """Translates a test set and scores it.

    Args:
        translator: the model.
        attention: what it looks at, if it tells.
        sources: shape [n], n at least 1.
        references: shape [n].
        options: of the search.
    """
    translator.translate(sources[:1], options)  # The first call prepares the graph: not what the speed is about.
    start = time.monotonic()
    translations: list[Translation] = list(translate_stream(translator, sources, options, len(sources)))
    seconds = time.monotonic() - start
    texts = [translation.text for translation in translations]
    return Measurement(
        scores=score_translations(sources, references, texts, rare_words(sources, translator.codec)),
        unknown_rate=unknown_rate(translations, translator.codec),
        sentences_per_second=len(sources) / seconds,
        heat_maps=heat_maps(shown_alignments(translations), attention),
    )


def as_document(measurement: Measurement) -> dict[str, Any]:
    """In types that JSON knows: everything but the sentences, which are a table of their own."""
    document = asdict(measurement)
    document["scores"].pop("examples")
    return {**document, "sentences": len(measurement.scores.examples)}


def as_table(measurement: Measurement) -> dict[str, list[Any]]:
    """Heading → cells: a row for each sentence."""
    headings = ("source", "reference", "translation", "chrf")
    return {heading: [getattr(example, heading) for example in measurement.scores.examples] for heading in headings}


def read_measurement(
    document: str | None, table: str | None, sources: Sequence[str], references: Sequence[str]
) -> Measurement | None:
    """The measurement that :func:`as_document` and :func:`as_table` wrote as JSON.

    Args:
        document: an object that holds the former; None if it is gone.
        table: the latter as MLflow keeps tables; None if it is gone.
        sources: of the test set, shape [n].
        references: shape [n].

    Returns:
        None if it is not all there, or not about these sentences.
    """
    if document is None or table is None:
        return None
    try:
        found = json.loads(document)
        examples = tuple(Example(**row) for row in _rows(json.loads(table)))
        if [(e.source, e.reference) for e in examples] != list(zip(sources, references, strict=True)):
            return None
        scores = found["scores"]
        return Measurement(
            scores=Scores(
                bleu=Score(**scores["bleu"]),
                chrf=Score(**scores["chrf"]),
                by_length=tuple(ClassScore(**part) for part in scores["by_length"]),
                by_rare_words=tuple(ClassScore(**part) for part in scores["by_rare_words"]),
                examples=examples,
            ),
            unknown_rate=found["unknown_rate"],
            sentences_per_second=found["sentences_per_second"],
            heat_maps=tuple(
                HeatMap(tuple(part["source_tokens"]), tuple(part["target_tokens"]), tuple(map(tuple, part["weights"])))
                for part in found["heat_maps"]
            ),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _rows(table: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    return (dict(zip(table["columns"], row, strict=True)) for row in table["data"])
