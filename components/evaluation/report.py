"""The report of an evaluation: what it says as data, and the page that shows it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from components.evaluation.differences import differences
from components.evaluation.metrics import Score
from components.evaluation.plots import Curve, alignment_chart, class_chart, curve_chart
from components.evaluation.scores import Example, Scores
from components.serving.translation import Alignment

TEMPLATE = Path(__file__).with_name("report.html.j2")
SHOWN = 5


@dataclass(frozen=True)
class Rival:
    """Another way to translate the same test set, and how well that does."""

    name: str
    bleu: Score
    chrf: Score


@dataclass(frozen=True)
class Report:
    """All that the page shows; what is empty is left out.

    ``facts`` and ``corpus`` are label → value; ``curves`` chart → curve's name → (step, value); ``commands`` repeat
    the evaluation; ``unknown_rate`` is the share of output tokens that were ``<unk>`` before words were copied;
    ``alignments`` belong to some of the examples.
    """

    title: str
    scores: Scores
    unknown_rate: float
    sentences_per_second: float
    rivals: Sequence[Rival] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    corpus: Mapping[str, str] = field(default_factory=dict)
    curves: Mapping[str, Mapping[str, Curve]] = field(default_factory=dict)
    alignments: Sequence[Alignment] = ()
    commands: Sequence[str] = ()


def render(report: Report) -> str:
    """The page: one HTML file that needs nothing else, for a laptop and for a phone."""
    from jinja2 import Environment

    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    scores = report.scores
    charts = {
        heading: class_chart(classes, unit)
        for heading, unit, classes in (
            ("By length", "words of the source", scores.by_length),
            ("By rare words", "rare words of the source", scores.by_rare_words),
        )
        if classes
    }
    return template.render(
        report=report,
        charts=charts,
        curves={name: curve_chart(curves) for name, curves in report.curves.items()},
        alignments=[alignment_chart(alignment) for alignment in report.alignments],
        examples={name: [_marked(example) for example in group] for name, group in pick_examples(scores).items()},
    )


def pick_examples(scores: Scores) -> dict[str, list[Example]]:
    """The worst, the median and the best sentences by chrF; a sentence is in one group at most."""
    ranked = sorted(scores.examples, key=lambda example: example.chrf)
    shown = min(SHOWN, max(len(ranked) // 3, 1))
    middle = max((len(ranked) - shown) // 2, shown)
    groups = {
        "Worst": ranked[:shown],
        "Median": ranked[middle : middle + shown],
        "Best": ranked[max(len(ranked) - shown, middle + shown) :][::-1],
    }
    return {name: group for name, group in groups.items() if group}


def _marked(example: Example) -> dict[str, Any]:
    reference, translation = differences(example.reference, example.translation)
    return {"source": example.source, "reference": reference, "translation": translation, "chrf": example.chrf}
