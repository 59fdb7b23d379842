"""Scores in other shapes: for MLflow's metrics and tables, for programs, for a terminal."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from components.evaluation.scores import Example, Scores


def as_metrics(scores: Scores) -> dict[str, float]:
    """MLflow metrics; ``_interval`` is half the width of the 95 % confidence interval."""
    return {
        "test_bleu": scores.bleu.value,
        "test_bleu_interval": scores.bleu.interval,
        "test_chrf": scores.chrf.value,
        "test_chrf_interval": scores.chrf.interval,
        "test_sentences": float(len(scores.examples)),
    }


def as_table(scores: Scores) -> dict[str, list[Any]]:
    """Heading → cells: a row for each sentence."""
    headings = ("source", "reference", "translation", "chrf")
    return {heading: [getattr(example, heading) for example in scores.examples] for heading in headings}


def as_document(scores: Scores) -> str:
    """JSON: everything but the sentences."""
    document = {
        "bleu": asdict(scores.bleu),
        "chrf": asdict(scores.chrf),
        "sentences": len(scores.examples),
        "by_length": [asdict(score) for score in scores.by_length],
        "by_rare_words": [asdict(score) for score in scores.by_rare_words],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def as_text(scores: Scores, examples: Sequence[Example], sentences_per_second: float) -> str:
    """For a terminal: the scores, those by length, and some examples."""
    lines = [
        f"{score.name:5} {score.value:5.1f} ± {score.interval:.1f}  {score.signature}"
        for score in (scores.bleu, scores.chrf)
    ]
    lines += [f"{len(scores.examples)} sentences at {sentences_per_second:.1f} a second", ""]
    lines += ["source words  sentences   BLEU   chrF"]
    lines += [
        f"{score.label:>12}  {score.sentences:>9}  {score.bleu:5.1f}  {score.chrf:5.1f}" for score in scores.by_length
    ]
    for example in examples:
        lines += ["", f"  {example.source}", f"    reference    {example.reference}"]
        lines += [f"    translation  {example.translation}"]
    return "\n".join(lines)
