"""The report's page: complete, self-contained, and safe whatever the sentences say."""

import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.evaluation.calibration import reliability
from components.evaluation.measurement import Measurement
from components.evaluation.report import Report, Rival, differences, pick_examples, render
from components.evaluation.scores import Scores, bleu, chrf, score_translations
from components.serving.translation import Alignment, HeatMap, heat_map_chart, heat_maps
from tests.evaluation.pages import check_page

HOSTILE = "<script>alert('$x$')</script> & \"quoted\" {{ 7 * 7 }}"


@pytest.fixture(scope="module")
def scores() -> Scores:
    references = [f"Le chien numéro {number} dort." for number in range(30)]
    translations = [reference if number % 2 else HOSTILE for number, reference in enumerate(references)]
    return score_translations([HOSTILE] * 30, references, translations, rare_words=[0, 1] * 15)


@pytest.fixture(scope="module")
def report(scores: Scores) -> Report:
    heat_map = HeatMap(("￭$a", "<b>", "你"), ("x_$", "y", "z"), ((100, 0, 0), (34, 33, 33), (0, 1, 99)))
    nothing = bleu(["a"], ["b"]), chrf(["a"], ["b"])
    return Report(
        title=HOSTILE,
        measured=Measurement(
            scores,
            0.0123,
            41.5,
            heat_maps=(heat_map,),
            forms={"as it is": 58.25, "<i>": 56.06},
            reliability=reliability(np.linspace(0, 1, 30), np.linspace(0.2, 1, 30)),
        ),
        rivals=[Rival("version 7", *nothing, p_value=0.0456), Rival("the source, copied", *nothing)],
        facts={"Model": "models:/nmt-en-fr/3"},
        corpus={"Read": "30 lines"},
        curves={"Loss": {"val_loss": [(1, 2.0), (2, 1.0)]}},
        commands=["./nmt evaluate"],
    )


@pytest.fixture(scope="module")
def page(report: Report) -> str:
    return render(report)


def test_it_needs_nothing_but_itself(page: str) -> None:
    check_page(page)


def test_what_sentences_say_is_text(page: str) -> None:
    assert "&lt;script&gt;" in page
    assert "{{ 7 * 7 }}" in page


def test_every_section_is_there(page: str) -> None:
    headings = re.findall(r"<h[23]>([^<]+)</h[23]>", page)
    assert headings == [
        *("Beside others", "Where it is good", "By length", "By rare words", "As people type it"),
        *("How sure it is", "Reliability: 0.100 off on average"),
        "Risk: the least certain fifth holds 37% of the loss",
        *("Examples", "Worst", "Median", "Best", "Attention", "Training", "Loss", "Corpus", "Repeat"),
    ]
    assert page.count("<svg") == 6
    for fact in ("models:/nmt-en-fr/3", "1.23 %", "30 lines", "./nmt evaluate", "你", "version 7", "0.046"):
        assert fact in page


def test_each_form_is_compared_with_the_first(page: str) -> None:
    rows = re.findall(r'<tr><td>([^<]+)</td><td class="number">([\d.]+)</td><td class="number">(\S*)</td></tr>', page)
    assert ("as it is", "58.2", "") in rows
    assert ("&lt;i&gt;", "56.1", "-2.2") in rows


def test_the_same_facts_are_data(report: Report) -> None:
    document = json.loads(report.as_json())
    assert document["scores"]["bleu"]["value"] == report.measured.scores.bleu.value
    assert document["rivals"][0]["p_value"] == 0.0456
    assert document["curves"] == {"Loss": {"val_loss": [[1, 2.0], [2, 1.0]]}}
    assert document.keys() >= {"title", "unknown_rate", "sentences_per_second", "heat_maps", "forms", "facts", "corpus"}


def test_a_heat_map_shows_each_weight_that_can_be_seen() -> None:
    chart = heat_map_chart(HeatMap(("a", "b"), ("x", "y"), ((100, 0), (34, 66))))
    assert re.findall(r"<title>(.*?)</title>", chart) == ["x ← a: 100 %", "y ← a: 34 %", "y ← b: 66 %"]
    assert re.findall(r'fill-opacity="([\d.]+)"', chart) == ["1.00", "0.34", "0.66"]


def test_heat_maps_are_distributions_in_hundredths() -> None:
    alignment = Alignment(("a", "b", "c"), ("x",), (1,), (9,))
    assert heat_maps([alignment], lambda _: np.array([[0.126, 0.874, 0.0]])) == (
        HeatMap(("a", "b", "c"), ("x",), ((13, 87, 0),)),
    )
    assert heat_maps([alignment], None) == ()


def test_what_is_not_known_is_left_out(scores: Scores) -> None:
    headings = re.findall(r"<h2>([^<]+)</h2>", render(Report("A model", Measurement(scores, 0.0, 1.0, (), {}))))
    assert headings == ["Where it is good", "Examples"]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 15, 100])
def test_an_example_is_shown_once(count: int) -> None:
    sentences = [f"Phrase {number} " + "x" * number for number in range(count)]
    groups = pick_examples(score_translations(sentences, sentences, [text[::-1] for text in sentences]))
    shown = [example.source for group in groups.values() for example in group]
    assert len(shown) == len(set(shown))
    assert len(shown) == min(count, 15) or count < 15
    assert groups["Worst"][0].chrf == min(example.chrf for group in groups.values() for example in group)


def test_differences_are_marked_by_word() -> None:
    reference, translation = differences("Un chien noir dort.", "Un chat dort bien.")
    assert [span.text for span in reference if span.differs] == ["chien noir"]
    assert [span.text for span in translation if span.differs] == ["chat", " bien"]


@settings(deadline=None)
@given(st.text(max_size=40), st.text(max_size=40))
def test_marking_changes_no_text(reference: str, translation: str) -> None:
    spans = differences(reference, translation)
    assert ["".join(span.text for span in side) for side in spans] == [reference, translation]
