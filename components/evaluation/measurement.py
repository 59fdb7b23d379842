"""The measurement of a model on a test set: made by translating it, stored with the run, read again by later runs."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from components.evaluation.calibration import Reliability, reliability
from components.evaluation.robustness import measure_forms
from components.evaluation.scores import Example, Scores, score_translations
from components.evaluation.test_set import TestSet
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
    type the same sentences (see :mod:`robustness`). ``guard`` are the scores on the guard, if there is one;
    ``reliability`` is that of the model's confidence, if it has any.
    """

    scores: Scores
    unknown_rate: float
    sentences_per_second: float
    heat_maps: tuple[HeatMap, ...]
    forms: dict[str, float]
    guard: Scores | None = None
    reliability: Reliability | None = None


def measure(
    translator: Translator,
    attention: Attention | None,
    sources: Sequence[str],
    references: Sequence[str],
    options: TranslationOptions,
    guard: TestSet | None = None,
) -> Measurement:
    """Translates a test set, and a guard, and scores them.

    Args:
        translator: the model.
        attention: its attention weights, if it has any.
        sources: shape [n], n at least 1.
        references: shape [n].
        options: of the search.
        guard: see :class:`Measurement`.
    """
    translator.translate(sources[:1], options)  # The first call prepares the graph, which the speed leaves out.
    start = time.monotonic()
    translations = list(translate_stream(translator, sources, options, len(sources)))
    seconds = time.monotonic() - start
    texts = [translation.text for translation in translations]
    hypotheses = [translation.hypotheses[0] for translation in translations]
    confidences = translator.confidences(hypotheses) if translator.settings.confidence else []
    scores = score_translations(sources, references, texts, _rare_words(sources, translator.codec), confidences)
    quality = [example.chrf / 100 for example in scores.examples]
    alignments = [alignment for translation in translations for alignment in translation.hypotheses[0].sentences]
    return Measurement(
        scores=scores,
        unknown_rate=_unknown_rate(alignments, translator.codec),
        sentences_per_second=len(sources) / seconds,
        heat_maps=heat_maps(_shown_alignments(alignments), attention),
        forms=translator_forms(translator, sources, references, options),
        guard=_guard_scores(translator, guard, options) if guard else None,
        reliability=reliability(confidences, quality) if confidences else None,
    )


def _guard_scores(translator: Translator, guard: TestSet, options: TranslationOptions) -> Scores:
    translations = translate_stream(translator, guard.sources, options, len(guard.sources))
    return score_translations(guard.sources, guard.references, [found.text for found in translations])


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
    for scores in filter(None, (document["scores"], document["guard"])):
        scores["sentences"] = len(scores.pop("examples"))
    return {**document, "sentences": len(measurement.scores.examples)}


def as_table(scores: Scores) -> dict[str, list[Any]]:
    """Heading → cells: a row for each sentence."""
    headings = ["source", "reference", "translation", "chrf"]
    if any(example.confidence is not None for example in scores.examples):
        headings.append("confidence")
    return {heading: [getattr(example, heading) for example in scores.examples] for heading in headings}


def read_measurement(
    document: str | None, table: str | None, test: TestSet, guard_table: str | None = None, guard: TestSet | None = None
) -> Measurement | None:
    """The measurement that :func:`as_document` and :func:`as_table` wrote as JSON.

    Args:
        document: an object that holds the former; None if it is missing.
        table: the latter as MLflow keeps tables; None if it is missing.
        test: the test set.
        guard_table: the same of the guard, if there is one.
        guard: the guard.

    Returns:
        None if it is incomplete, or of other sentences.
    """
    from pydantic import TypeAdapter

    try:
        found = json.loads(document or "")
        found["scores"]["examples"] = _examples(table)
        if guard:
            found["guard"]["examples"] = _examples(guard_table)
        measurement = TypeAdapter(Measurement).validate_python(found)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    measured = [(measurement.scores, test), *([(measurement.guard, guard)] if guard else [])]
    whole = all(
        scores and _pairs(scores) == list(zip(sentences.sources, sentences.references, strict=True))
        for scores, sentences in measured
    )
    return measurement if whole else None


def _examples(table: str | None) -> list[dict[str, Any]]:
    rows = json.loads(table or "")
    return [dict(zip(rows["columns"], row, strict=True)) for row in rows["data"]]


def _pairs(scores: Scores) -> list[tuple[str, str]]:
    return [(example.source, example.reference) for example in scores.examples]


def as_metrics(measurement: Measurement) -> dict[str, float]:
    """MLflow metrics; ``_interval`` is half the width of the 95 % confidence interval."""
    return test_metrics(measurement) | guard_metrics(measurement)


def test_metrics(measurement: Measurement) -> dict[str, float]:
    """Those of the test set."""
    metrics = _metrics("test", measurement.scores)
    if measurement.reliability:
        metrics["test_confidence_error"] = measurement.reliability.expected_error
    return metrics


def guard_metrics(measurement: Measurement) -> dict[str, float]:
    """Those of the guard; none without."""
    return _metrics("guard", measurement.guard) if measurement.guard else {}


def _metrics(test: str, scores: Scores) -> dict[str, float]:
    return {
        f"{test}_bleu": scores.bleu.value,
        f"{test}_bleu_interval": scores.bleu.interval,
        f"{test}_chrf": scores.chrf.value,
        f"{test}_chrf_interval": scores.chrf.interval,
        f"{test}_sentences": float(len(scores.examples)),
    }


def as_text(measurement: Measurement, examples: Sequence[Example]) -> str:
    """For a terminal: the scores, those by length, and some examples."""
    scores = measurement.scores
    lines = [
        f"{score.name:5} {score.value:5.1f} ± {score.interval:.1f}  {score.signature}"
        for score in (scores.bleu, scores.chrf)
    ]
    lines += [f"guard: {found}" for found in guard_lines(measurement)]
    lines += [f"{len(scores.examples)} sentences at {measurement.sentences_per_second:.1f} a second", ""]
    lines += ["source words  sentences   BLEU   chrF"]
    lines += [
        f"{score.label:>12}  {score.sentences:>9}  {score.bleu:5.1f}  {score.chrf:5.1f}" for score in scores.by_length
    ]
    for example in examples:
        lines += ["", *example_lines(example)]
    return "\n".join(lines)


def guard_lines(measurement: Measurement) -> list[str]:
    """The scores on the guard in a line; none without."""
    if not (guard := measurement.guard):
        return []
    return [f"BLEU {guard.bleu.value:.1f}, chrF {guard.chrf.value:.1f} on {len(guard.examples)} sentences"]


def example_lines(example: Example) -> list[str]:
    """A sentence for a terminal, with its reference above its translation."""
    return [
        f"  {example.source}",
        f"    reference    {example.reference}",
        f"    translation  {example.translation}",
    ]
