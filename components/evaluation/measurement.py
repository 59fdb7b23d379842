"""The measurement of a model on a test set: made by translating it, stored with the run, read again by later runs."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from components.evaluation.robustness import measure_forms
from components.evaluation.scores import Example, Scores, score_translations
from components.serving.options import TranslationOptions
from components.serving.translation import Alignment, Attention, HeatMap, heat_maps
from components.serving.translator import Translator
from components.text.codec import TextCodec
from components.text.vocabulary import SPECIAL_TOKENS, UNK
from components.translation.stream import translate_stream

# A word is rare if it is in the less frequent half of the vocabulary, or not in it at all.
RARE_SHARE = 0.5
SHOWN_ALIGNMENTS = 4
# A heat map of a longer sentence does not fit a phone.
LONGEST_SHOWN = 20


@dataclass(frozen=True)
class Measurement:
    """``unknown_rate`` is the share of output tokens that were ``<unk>`` before words were copied; ``heat_maps``
    belong to some of the sentences; there are none without attention. ``forms`` is BLEU by the form in which people
    type the same sentences (see :mod:`robustness`).
    """

    scores: Scores
    unknown_rate: float
    sentences_per_second: float
    heat_maps: tuple[HeatMap, ...]
    forms: dict[str, float]


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
        attention: its attention weights, if it has any.
        sources: shape [n], n at least 1.
        references: shape [n].
        options: of the search.
    """
    translator.translate(sources[:1], options)  # The first call prepares the graph, which the speed leaves out.
    start = time.monotonic()
    translations = list(translate_stream(translator, sources, options, len(sources)))
    seconds = time.monotonic() - start
    texts = [translation.text for translation in translations]
    alignments = [alignment for translation in translations for alignment in translation.hypotheses[0].sentences]
    return Measurement(
        scores=score_translations(sources, references, texts, _rare_words(sources, translator.codec)),
        unknown_rate=_unknown_rate(alignments, translator.codec),
        sentences_per_second=len(sources) / seconds,
        heat_maps=heat_maps(_shown_alignments(alignments), attention),
        forms=translator_forms(translator, sources, references, options),
    )


def translator_forms(
    translator: Translator, sources: Sequence[str], references: Sequence[str], options: TranslationOptions
) -> dict[str, float]:
    """BLEU by the form in which people type: see :func:`robustness.measure_forms`."""
    # Greedy, whatever the search of the test set: forms are compared with one another.
    greedy = replace(options, beam_width=1)
    return measure_forms(
        lambda typed: [found.text for found in translate_stream(translator, typed, greedy, len(typed))],
        sources,
        references,
    )


def _rare_words(sources: Sequence[str], codec: TextCodec) -> list[int]:
    """The number of rare words of each source, shape [n]."""
    encoded = codec.encode_source(pa.array(sources, pa.string()))
    ids, ends = encoded.flatten().to_numpy(), encoded.offsets.to_numpy() - encoded.offsets[0].as_py()
    first_rare = max(int(len(codec.source_vocabulary) * (1 - RARE_SHARE)), len(SPECIAL_TOKENS))
    rare = np.concatenate([[0], np.cumsum((ids >= first_rare) | (ids == UNK))])
    return np.diff(rare[ends]).tolist()


def _unknown_rate(alignments: Sequence[Alignment], codec: TextCodec) -> float:
    """Share of the output tokens that were ``<unk>``, whether or not a source word was copied there."""
    known = frozenset(codec.target_vocabulary.tokens) - frozenset(SPECIAL_TOKENS)
    tokens = [token for alignment in alignments for token in alignment.target_tokens]
    return sum(token not in known for token in tokens) / max(len(tokens), 1)


def _shown_alignments(alignments: Sequence[Alignment]) -> list[Alignment]:
    """Some sentences from all over the test set, of a length that can be shown; none without attention."""
    fit = [
        alignment
        for alignment in alignments
        if 5 <= len(alignment.source_tokens) <= LONGEST_SHOWN
        and len(alignment.target_tokens) <= LONGEST_SHOWN
        and any(position >= 0 for position in alignment.positions)
    ]
    return fit[:: max(len(fit) // SHOWN_ALIGNMENTS, 1)][:SHOWN_ALIGNMENTS]


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
        document: an object that holds the former; None if it is missing.
        table: the latter as MLflow keeps tables; None if it is missing.
        sources: of the test set, shape [n].
        references: shape [n].

    Returns:
        None if it is incomplete, or of other sentences.
    """
    if document is None or table is None:
        return None
    from pydantic import TypeAdapter

    try:
        found, rows = json.loads(document), json.loads(table)
        found["scores"]["examples"] = [dict(zip(rows["columns"], row, strict=True)) for row in rows["data"]]
        measurement = TypeAdapter(Measurement).validate_python(found)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    pairs = [(example.source, example.reference) for example in measurement.scores.examples]
    return measurement if pairs == list(zip(sources, references, strict=True)) else None


def as_metrics(measurement: Measurement) -> dict[str, float]:
    """MLflow metrics; ``_interval`` is half the width of the 95 % confidence interval."""
    scores = measurement.scores
    return {
        "test_bleu": scores.bleu.value,
        "test_bleu_interval": scores.bleu.interval,
        "test_chrf": scores.chrf.value,
        "test_chrf_interval": scores.chrf.interval,
        "test_sentences": float(len(scores.examples)),
    }


def as_text(measurement: Measurement, examples: Sequence[Example]) -> str:
    """For a terminal: the scores, those by length, and some examples."""
    scores = measurement.scores
    lines = [
        f"{score.name:5} {score.value:5.1f} ± {score.interval:.1f}  {score.signature}"
        for score in (scores.bleu, scores.chrf)
    ]
    lines += [f"{len(scores.examples)} sentences at {measurement.sentences_per_second:.1f} a second", ""]
    lines += ["source words  sentences   BLEU   chrF"]
    lines += [
        f"{score.label:>12}  {score.sentences:>9}  {score.bleu:5.1f}  {score.chrf:5.1f}" for score in scores.by_length
    ]
    for example in examples:
        lines += ["", *example_lines(example)]
    return "\n".join(lines)


def example_lines(example: Example) -> list[str]:
    """A sentence for a terminal, with its reference above its translation."""
    return [
        f"  {example.source}",
        f"    reference    {example.reference}",
        f"    translation  {example.translation}",
    ]
