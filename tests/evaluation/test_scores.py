"""Scores against sacreBLEU's own command line and against figures worked out by hand."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from components.evaluation.measurement import Measurement, as_document, as_metrics, as_table, as_text, read_measurement
from components.evaluation.scores import bleu, chrf, compare, score_translations
from components.evaluation.test_set import TestSet as Pairs
from components.serving.translation import HeatMap

SOURCES = ["It is fine tonight.", "A cat sleeps on the carpet.", "Yes!"]
REFERENCES = ["Il fait beau ce soir.", "Un chat dort sur le tapis.", "Oui !"]
TRANSLATIONS = ["Il fait beau ce soir.", "Un chien dort sur le tapis.", "oui !"]


def test_the_same_as_sacrebleu_prints(tmp_path: Path) -> None:
    for name, lines in (("reference", REFERENCES), ("translation", TRANSLATIONS)):
        (tmp_path / name).write_text("\n".join(lines) + "\n")
    command = [sys.executable, "-m", "sacrebleu", "reference", "-i", "translation", "-m", "bleu", "chrf", "-w", "6"]
    printed = subprocess.run([*command, "--confidence"], cwd=tmp_path, capture_output=True, text=True, check=True)
    expected = json.loads(printed.stdout)
    for score, theirs in zip((bleu, chrf), expected, strict=True):
        ours = score(TRANSLATIONS, REFERENCES)
        assert ours.name == theirs["name"]
        assert ours.value == pytest.approx(theirs["score"], abs=1e-6)
        assert (ours.mean, ours.interval) == (float(theirs["confidence_mean"]), float(theirs["confidence_var"]))
        assert ours.signature == theirs["signature"]


def test_case_and_punctuation_count() -> None:
    assert bleu(REFERENCES, REFERENCES).value == pytest.approx(100)
    assert bleu([text.lower() for text in REFERENCES], REFERENCES).value < 80
    assert "case:mixed" in bleu(REFERENCES, REFERENCES).signature


def test_every_sentence_is_in_one_length_class() -> None:
    sources = ["", "a", "a b c d e", "a b c d e f", "a " * 40, "a " * 41, "a " * 400]
    scores = score_translations(sources, ["x y"] * 7, ["x y"] * 7)
    classes = {score.label: score.sentences for score in scores.by_length}
    assert classes == {"0–5": 3, "6–10": 1, "31–40": 1, "41+": 2}


def test_rare_words_make_classes_too() -> None:
    scores = score_translations(SOURCES, REFERENCES, TRANSLATIONS, rare_words=[0, 0, 7])
    assert [(score.label, score.sentences) for score in scores.by_rare_words] == [("0", 2), ("4+", 1)]
    assert scores.by_rare_words[1].bleu < scores.by_rare_words[0].bleu


def test_one_sentence_has_no_interval() -> None:
    assert bleu(["Il fait beau."], ["Il fait beau."]).interval == 0


@pytest.mark.parametrize(("translations", "references"), [([], []), (["a"], ["a", "b"])])
def test_what_cannot_be_scored_is_refused(translations: list[str], references: list[str]) -> None:
    with pytest.raises(ValueError, match="cannot be scored"):
        bleu(translations, references)


@pytest.fixture
def measured() -> Measurement:
    scores = score_translations(SOURCES, REFERENCES, TRANSLATIONS, rare_words=[0, 1, 9])
    return Measurement(
        scores, 0.25, 12.5, (HeatMap(("It", "is"), ("Il",), ((90, 10),)),), {"as it is": 61.5, "CAPITALS": 60.0}
    )


def test_shapes_of_the_summary(measured: Measurement) -> None:
    scores = measured.scores
    assert as_table(measured.scores)["source"] == SOURCES
    assert as_table(measured.scores)["chrf"][0] == 100
    assert as_metrics(measured)["test_sentences"] == 3
    assert as_document(measured)["scores"]["bleu"]["value"] == scores.bleu.value
    text = as_text(measured, scores.examples[:1])
    assert "BLEU" in text
    assert "at 12.5 a second" in text
    assert "Il fait beau ce soir." in text


def kept(measured: Measurement) -> tuple[str, str]:
    """A measurement as it is kept: the document, and the table as MLflow writes it."""
    columns = as_table(measured.scores)
    rows = [list(row) for row in zip(*columns.values(), strict=True)]
    return json.dumps(as_document(measured)), json.dumps({"columns": list(columns), "data": rows})


def test_a_measurement_that_was_kept_comes_back(measured: Measurement) -> None:
    assert read_measurement(*kept(measured), Pairs(SOURCES, REFERENCES)) == measured


def test_a_guard_is_measured_with_the_test_set(measured: Measurement) -> None:
    guard = Pairs(REFERENCES, SOURCES)
    both = replace(measured, guard=score_translations(REFERENCES, SOURCES, TRANSLATIONS))
    table = json.loads(kept(replace(measured, scores=both.guard))[1])
    document, test_table = kept(both)
    test = Pairs(SOURCES, REFERENCES)
    assert read_measurement(document, test_table, test, json.dumps(table), guard) == both
    # Of other sentences, incomplete, or from before there was a guard.
    assert read_measurement(document, test_table, test, json.dumps(table), test) is None
    assert read_measurement(document, test_table, test, None, guard) is None
    assert read_measurement(*kept(measured), test, json.dumps(table), guard) is None
    assert as_metrics(both)["guard_sentences"] == 3
    assert "guard: BLEU" in as_text(both, both.scores.examples)


@pytest.mark.parametrize("loss", ["document", "table", "cut", "other sentences", "a sentence more"])
def test_a_measurement_that_is_not_whole_is_none(measured: Measurement, loss: str) -> None:
    document, table = kept(measured)
    references = REFERENCES[::-1] if loss == "other sentences" else REFERENCES + ["x"] * (loss == "a sentence more")
    sources = SOURCES + ["x"] * (loss == "a sentence more")
    texts = {"document": (None, table), "table": (document, None), "cut": (document[:-9], table)}
    assert read_measurement(*texts.get(loss, (document, table)), Pairs(sources, references)) is None


CHATS = [f"La phrase {n} parle de {n % 11} chats et de {n % 7} chiens noirs ." for n in range(200)]


def with_errors(share: int) -> list[str]:
    """A wrong word in so many of ten sentences."""
    return [text.replace("chats", "rats") if n % 10 < share else text for n, text in enumerate(CHATS)]


def test_clear_difference_wins_and_its_reverse_does_not() -> None:
    better = compare(CHATS, with_errors(5), with_errors(1))
    assert better.system > better.baseline + 5
    assert better.p_value < 0.01
    assert better.wins(0.05)
    assert 0 < better.low < better.system - better.baseline < better.high
    worse = compare(CHATS, with_errors(1), with_errors(5))
    assert not worse.wins(0.05)
    assert (worse.low, worse.high) == (-better.high, -better.low)


def test_equal_translations_never_win() -> None:
    same = compare(CHATS, with_errors(3), with_errors(3))
    assert same.system == same.baseline
    assert same.p_value == 1.0
    assert same.low == same.high == 0
    assert not same.wins(1.0)


def test_small_difference_is_luck() -> None:
    one_better = with_errors(3)
    one_better[1] = CHATS[1]
    found = compare(CHATS, with_errors(3), one_better)
    assert found.system > found.baseline
    assert found.p_value > 0.05
    assert found.low <= 0 < found.high
    assert not found.wins(0.05)


def test_same_texts_always_compare_the_same() -> None:
    assert compare(CHATS, with_errors(3), with_errors(2)) == compare(CHATS, with_errors(3), with_errors(2))


@pytest.mark.parametrize("sides", [([], [], []), (["a"], ["a", "b"], ["a"]), (["a"], ["a"], [])])
def test_what_cannot_be_compared_is_refused(sides: tuple[list[str], list[str], list[str]]) -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        compare(*sides)
