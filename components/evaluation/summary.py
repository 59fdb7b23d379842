"""A measurement in other shapes: for MLflow's metrics, for a terminal."""

from collections.abc import Sequence

from components.evaluation.measurement import Measurement
from components.evaluation.scores import Example


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
        lines += ["", f"  {example.source}", f"    reference    {example.reference}"]
        lines += [f"    translation  {example.translation}"]
    return "\n".join(lines)
