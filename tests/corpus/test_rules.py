"""The cleaning rules, one by one."""

import numpy as np
import pyarrow as pa
import pytest

from components.corpus.parameters import CleaningParameters
from components.corpus.rules import TEXT_RULES, TOKEN_RULES, first_broken, non_normalized, rules_off
from components.errors import InputError
from components.text.normalization import compose

GOOD = ("The dog sleeps.", "Le chien dort.")


def broken_text_rules(source: str, target: str, **thresholds: float) -> set[str]:
    columns, cleaning = [pa.array([source]), pa.array([target])], CleaningParameters(**thresholds)
    strange = non_normalized(columns[0])[0] or non_normalized(columns[1])[0]
    return {
        rule.name
        for rule in TEXT_RULES
        if rule.broken_by(*columns, cleaning)[0].as_py() and (strange or not rule.only_non_normalized)
    }


@pytest.mark.parametrize(
    ("source", "target", "broken"),
    [
        (*GOOD, set()),
        ("", "Le chien dort.", {"empty"}),
        ("The dog sleeps.", "", {"empty"}),
        ("\u00a0 \u202f", "Le chien dort.", {"empty"}),
        ("A\x00b cd", "Le chien dort.", {"control_characters"}),
        ("The dog", "confi\x82dentiel", {"control_characters"}),
        ("The dog", "l\ufffdhomme", {"broken_encoding"}),
        ("The dog", "L'Ã©cole", {"broken_encoding"}),
        ("The dog", "lâ€™homme", {"broken_encoding"}),
        ("the dog’s café", "ÂGE D’OR, À L’ÉCOLE", set()),
        ("Paris", "Paris", {"identical"}),
        ("9822.00.00 - 12", "9822.00.00 – 12", {"few_letters"}),
        ("It's 7:30.", "Il est 7\u00a0h\u00a030.", set()),
        ("مرحبا بالعالم", "你好，世界", set()),
        ("👍👍👍", "Le chien dort.", {"few_letters"}),
    ],
)
def test_what_a_text_rule_finds(source: str, target: str, broken: set[str]) -> None:
    assert broken_text_rules(source, target) == broken


def test_min_letters_is_a_threshold() -> None:
    assert broken_text_rules("ab12345678", "chien", min_letters=0.21) == {"few_letters"}
    assert broken_text_rules("ab12345678", "chien", min_letters=0.2) == set()


def test_letters_are_counted_in_a_slice_too() -> None:
    column = pa.array(["1234", "letters", "5678"]).slice(1, 2)
    rule = next(rule for rule in TEXT_RULES if rule.name == "few_letters")
    assert rule.broken_by(column, column, CleaningParameters()).to_pylist() == [False, True]


@pytest.mark.parametrize(
    ("lengths", "thresholds", "broken"),
    [
        ((50, 50), {}, set()),
        ((51, 50), {}, {"too_long"}),
        ((1, 27), {}, set()),
        ((1, 28), {}, {"length_ratio"}),
        ((28, 1), {}, {"length_ratio"}),
        ((10, 21), {"max_length_ratio": 2}, {"length_ratio"}),
        ((10, 20), {"max_length_ratio": 2, "max_length": 19}, {"too_long"}),
    ],
)
def test_what_a_token_rule_finds(lengths: tuple[int, int], thresholds: dict[str, float], broken: set[str]) -> None:
    columns, cleaning = [np.array([length]) for length in lengths], CleaningParameters(**thresholds)
    assert {rule.name for rule in TOKEN_RULES if rule.broken_by(*columns, cleaning)[0]} == broken


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("e\u0301te\u0301", "été"),
        ("  two   blanks\tand\u2028a line \r", "two blanks and a line"),
        ("fine\u00a0!", "fine\u00a0!"),
        ("\ufeffmark", "mark"),
        ("tele\u00advision", "television"),
        ("zero\u200bwidth, word\u2060joiner", "zerowidth, wordjoiner"),
        ("\u200eleft\u200f to right \u200b", "left to right"),
        ("a\u200djoiner", "a\u200djoiner"),
        ("plain", "plain"),
        ("\u1100\u1161", "가"),
        ("\u212b\u2126", "ÅΩ"),
    ],
)
def test_normal_form(text: str, normal: str) -> None:
    assert compose(pa.array(["x", text, "y"])).to_pylist() == ["x", normal, "y"]
    assert non_normalized(pa.array([text])).tolist() == [text != normal]


def test_the_first_broken_rule_counts() -> None:
    masks = [np.array([False, True, True]), np.array([True, True, False])]
    assert first_broken(masks, 3).tolist() == [1, 0, 0]


def test_rules_are_turned_off_by_name() -> None:
    assert rules_off(CleaningParameters(rules_off="identical, too_long")) == {"identical", "too_long"}
    with pytest.raises(InputError, match=r"rules_off: found 'colour', must be among normalize, .*duplicate"):
        rules_off(CleaningParameters(rules_off="colour"))
