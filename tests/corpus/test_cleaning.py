"""Cleaning: what each rule does when on and off, what makes two sentences the same, and what is a duplicate."""

import itertools

import pyarrow as pa
import pytest

from components.corpus.blocks import CLEAN, raw_block
from components.corpus.cleaning import Cleaned, Cleaner, DeduplicatePartition
from components.corpus.parameters import CleaningParameters
from components.corpus.plan import SourceFile
from components.corpus.rules import TEXT_RULES, rules_off
from components.corpus.splitting import TRAIN, Shares

GOOD = ("The dog sleeps.", "Le chien dort.")
# For each rule about text a pair that breaks it and no other.
BREAKING = {
    "empty": ("", "Le chien dort."),
    "control_characters": ("A bell\x07 rings.", "Une cloche sonne."),
    "broken_encoding": ("The school", "L'Ã©cole"),
    "identical": ("Paris", "Paris"),
    "few_letters": ("12345", "67890 a"),
    "too_long": ("word " * 51, "mot " * 51),
}


def clean(*pairs: tuple[str, str], **parameters: object) -> Cleaned:
    thresholds = CleaningParameters(**parameters)
    cleaner = Cleaner([SourceFile("corpus", "corpus")], thresholds, rules_off(thresholds), Shares(0.1, 0.1))
    return cleaner.clean(raw_block(1, *(pa.array([pair[side].encode() for pair in pairs]) for side in (0, 1))))


def rejected(cleaned: Cleaned) -> list[tuple[int, str]]:
    return [(row["line"], row["rule"]) for rows in cleaned.rejected for row in rows.to_pylist()]


def test_every_text_rule_has_a_pair_that_breaks_it() -> None:
    assert [rule.name for rule in TEXT_RULES] + ["too_long"] == list(BREAKING)


@pytest.mark.parametrize("rule", BREAKING)
def test_a_rule_rejects_when_on_and_lets_through_when_off(rule: str) -> None:
    pairs = [GOOD, BREAKING[rule], GOOD]
    assert rejected(clean(*pairs)) == [(2, rule)]
    cleaned = clean(*pairs, rules_off=rule)
    assert rejected(cleaned) == []
    assert cleaned.pairs["line"].to_pylist() == [1, 2, 3]


def test_words_are_counted_up_to_the_threshold() -> None:
    pairs = [("word " * words, "mot") for words in (6, 7, 8)] + [("word", "mot " * words) for words in (7, 8)]
    assert rejected(clean(*pairs, max_length=7)) == [(3, "too_long"), (5, "too_long")]
    # Where spaces are not made single they do not show the number of words; tokens are counted later.
    assert rejected(clean(("a  b   c    d", "mot"), max_length=7, rules_off="normalize")) == []


def test_normalization_is_counted_and_can_be_turned_off() -> None:
    pairs = [GOOD, (" The  dog.", "Le chien."), ("A cafe\u0301", "Un cafe\u0301"), ("One\nline", "Une\u2028ligne")]
    pairs.append(("A tele\u00advision\u200b.", "Une télévision."))
    cleaned = clean(*pairs)
    assert cleaned.normalized == 4
    assert cleaned.pairs["source"].to_pylist() == ["The dog sleeps.", "The dog.", "A café", "One line", "A television."]
    assert cleaned.pairs["target"].to_pylist()[3] == "Une ligne"
    cleaned = clean(*pairs, rules_off="normalize")
    assert cleaned.normalized == 0
    assert cleaned.pairs["source"].to_pylist() == [source for source, _ in pairs]


@pytest.mark.parametrize("off", ["", "normalize"])
def test_case_and_whitespace_make_no_other_sentence(off: str) -> None:
    same = [
        "Où est  l’École ?",
        "où est l’école ?",
        "OÙ EST L’ÉCOLE\u202f?",
        "\u00a0Ou\u0300 est \u00a0l’Éco\u00adle ? ",
    ]
    keys = clean(*((source, "Where?") for source in same), rules_off=off).pairs["key"].to_pylist()
    assert len(set(keys)) == 1
    others = ["Où est l’École ?", "Ou est l’École ?", "Où est l’École", "Où est l'École ?"]
    assert len(set(clean(*((source, "Where?") for source in others)).pairs["key"].to_pylist())) == 4


def block(first_line: int, pairs: list[tuple[str, str]]) -> pa.RecordBatch:
    rows = [
        {"file": 0, "line": line, "source": source, "target": target, "key": 1, "split": TRAIN}
        for line, (source, target) in enumerate(pairs, start=first_line)
    ]
    return pa.RecordBatch.from_pylist(rows, schema=CLEAN)


def test_every_combination_of_sides_is_a_pair_of_its_own() -> None:
    # As if all were of one source sentence; what separates the sides in one text could stand in the text as well.
    sides = ["", "a", "b", "a\x1fb", "b\x1fa", "\x1f"]
    pairs = list(itertools.product(sides, repeat=2))
    # Out of order, and each twice: the first in the corpus stays.
    blocks = [block(101, pairs[::-1]), block(1, pairs)]
    rejected, (partition, kept) = DeduplicatePartition([SourceFile("corpus", "corpus")], True).process((5, blocks))
    assert partition == 5
    assert kept["line"].to_pylist() == list(range(1, 37))
    assert list(zip(kept["source"].to_pylist(), kept["target"].to_pylist(), strict=True)) == pairs
    assert rejected.value["line"].to_pylist() == list(range(101, 137))
    assert set(rejected.value["rule"].to_pylist()) == {"duplicate"}
    ((_, all_of_them),) = DeduplicatePartition([SourceFile("corpus", "corpus")], False).process((5, blocks))
    assert all_of_them.num_rows == 72
