"""The report of an evaluation: what it says as data, and the page that shows it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from components.evaluation.differences import differences
from components.evaluation.measurement import Measurement, as_document
from components.evaluation.metrics import Score
from components.evaluation.page import render_page
from components.evaluation.plots import Curve, class_chart, curve_chart
from components.evaluation.scores import Example, Scores
from components.serving.heat_map import heat_map_chart

SHOWN = 5


@dataclass(frozen=True)
class Rival:
    """Another way to translate the same test set, and how well that does.

    ``p_value`` is how probable so large a difference in BLEU would be if both were equally good (paired bootstrap);
    None where nobody asked.
    """

    name: str
    bleu: Score
    chrf: Score
    p_value: float | None = None


@dataclass(frozen=True)
class Report:
    """All that the page shows; what is empty is left out.

    ``facts`` and ``corpus`` are label → value; ``curves`` chart → curve's name → (step, value); ``commands`` repeat
    the evaluation.
    """

    title: str
    measured: Measurement
    rivals: Sequence[Rival] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    corpus: Mapping[str, str] = field(default_factory=dict)
    curves: Mapping[str, Mapping[str, Curve]] = field(default_factory=dict)
    commands: Sequence[str] = ()

    def as_json(self) -> str:
        """Everything but the sentences, for programs."""
        around = {name: value for name, value in vars(self).items() if name not in ("measured", "rivals")}
        document = {**as_document(self.measured), "rivals": [asdict(rival) for rival in self.rivals], **around}
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def render(report: Report) -> str:
    """The page: one HTML file that needs nothing else, for a laptop and for a phone."""
    scores = report.measured.scores
    charts = {
        heading: class_chart(classes, unit)
        for heading, unit, classes in (
            ("By length", "words of the source", scores.by_length),
            ("By rare words", "rare words of the source", scores.by_rare_words),
        )
        if classes
    }
    return render_page(
        "report.html.j2",
        title=report.title,
        report=report,
        measured=report.measured,
        scores=scores,
        charts=charts,
        curves={name: curve_chart(curves) for name, curves in report.curves.items()},
        heat_maps=[heat_map_chart(heat_map) for heat_map in report.measured.heat_maps],
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
