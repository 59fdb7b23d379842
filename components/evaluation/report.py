"""The report of an evaluation: as data, and as a page of sections.

A new section is an entry in :func:`sections`; where no macro of ``macros.html.j2`` shows such a value, one more there.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from difflib import SequenceMatcher
from typing import Any

from components.evaluation.calibration import Reliability
from components.evaluation.measurement import Measurement, as_document
from components.evaluation.page import Axis, Curve, class_chart, line_chart, render_page
from components.evaluation.scores import Example, Score, Scores
from components.serving.translation import heat_map_chart

SHOWN_EXAMPLES = 5
_WORDS = re.compile(r"\w+|[^\w\s]|\s+")


@dataclass(frozen=True)
class Rival:
    """Another way to translate the same test set, and how well that does.

    ``p_value`` is how probable so large a difference in BLEU would be if both were equally good (paired bootstrap);
    None where it was not tested.
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
    guard_rivals: Sequence[Rival] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    corpus: Mapping[str, str] = field(default_factory=dict)
    curves: Mapping[str, Mapping[str, Curve]] = field(default_factory=dict)
    commands: Sequence[str] = ()

    def as_json(self) -> str:
        """Everything but the sentences, for programs."""
        document = {**asdict(self), **as_document(self.measured)}
        del document["measured"]
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


@dataclass(frozen=True)
class Section:
    """A section of the page: its heading, and a value that the macro of this name shows. Left out if it is empty."""

    heading: str
    macro: str
    value: Any


@dataclass(frozen=True)
class Span:
    """A part of a text; ``differs`` if the other side has something else there, or nothing."""

    text: str
    differs: bool


def render(report: Report) -> str:
    """The page: one HTML file that needs nothing else, for a laptop and for a phone."""
    return render_page("report.html.j2", title=report.title, report=report, sections=sections(report))


def sections(report: Report) -> list[Section]:
    """The sections below the scores, in their order."""
    scores, guard = report.measured.scores, report.measured.guard
    classes = {
        "By length": (scores.by_length, "words of the source"),
        "By rare words": (scores.by_rare_words, "rare words of the source"),
    }
    examples = {name: [_marked(example) for example in group] for name, group in pick_examples(scores).items()}
    curves = {name: line_chart(curves, Axis("training steps"), Axis("")) for name, curves in report.curves.items()}
    return [
        Section("Beside others", "rivals", report.rivals and {"scores": scores, "rivals": report.rivals}),
        Section("On the guard", "rivals", report.guard_rivals and {"scores": guard, "rivals": report.guard_rivals}),
        Section(
            "Where it is good", "charts", {name: class_chart(*value) for name, value in classes.items() if value[0]}
        ),
        Section("As people type it", "forms", report.measured.forms),
        Section("How sure it is", "charts", confidence_charts(report.measured.reliability)),
        Section("Examples", "examples", examples),
        Section("Attention", "heat_maps", [heat_map_chart(heat_map) for heat_map in report.measured.heat_maps]),
        Section("Training", "charts", curves),
        Section("Corpus", "facts", report.corpus),
        Section("Repeat", "commands", report.commands),
    ]


def confidence_charts(found: Reliability | None) -> dict[str, str]:
    """How good translations are by the model's confidence, and what is lost if the least certain are left out."""
    if found is None:
        return {}
    reliable = {"measured": sorted(found.bins), "as it should be": [(0.0, 0.0), (1.0, 1.0)]}
    risks = {"most certain first": found.risks, "in any order": [(0.0, found.risks[-1][1]), found.risks[-1]]}
    loss = Axis("mean 1 − chrF / 100", low=0)
    return {
        f"Reliability: {found.expected_error:.3f} off on average": line_chart(
            reliable, Axis("confidence", low=0, high=1), Axis("mean chrF / 100", low=0, high=1)
        ),
        f"Risk: the least certain fifth holds {found.worst_share:.0%} of the loss": line_chart(
            risks, Axis("share of the sentences kept", low=0, high=1), loss
        ),
    }


def pick_examples(scores: Scores) -> dict[str, list[Example]]:
    """The worst, the median and the best sentences by chrF; a sentence is in one group at most."""
    ranked = sorted(scores.examples, key=lambda example: example.chrf)
    shown = min(SHOWN_EXAMPLES, max(len(ranked) // 3, 1))
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


def differences(reference: str, translation: str) -> tuple[list[Span], list[Span]]:
    """Where they differ, word by word: both texts as spans; joined, the spans of each are the text."""
    sides = _WORDS.findall(reference), _WORDS.findall(translation)
    opcodes = SequenceMatcher(None, *sides, autojunk=False).get_opcodes()
    return (
        [Span("".join(sides[0][low:high]), kind != "equal") for kind, low, high, _, _ in opcodes if low < high],
        [Span("".join(sides[1][low:high]), kind != "equal") for kind, _, _, low, high in opcodes if low < high],
    )
