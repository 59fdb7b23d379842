"""Spans that are copied: which they are, and that each comes back once."""

import pyarrow as pa
import pytest

from components.text.spans import Spans, restore
from components.text.tokenizer import Tokenizer, learning
from components.text.words import PLACEHOLDERS
from tests.corpus.corpora import pairs

ENGLISH = [english for english, _ in pairs(300)] + ["A red hat and a bicycle."] * 3
TOKENIZER = Tokenizer(
    "en", learning("sentencepiece-bpe").learn("en", pa.array(ENGLISH), 1500, simplified=True), simplified=True
)


@pytest.mark.parametrize(
    "span",
    [
        "1,234.56", "1 000 000", "3.14", "12:30", "2024-05-01", "$1,299.99", "50%", "12/24",
        "jane.doe@example.org", "https://example.org/a?b=1#c", "www.example.org/x", "example.com",
        "{name}",
        "{{ user name }}",
        '<a href="x">', "{{count}}", "${HOME}", "%1$s", "%(name)s", "%d", "<b>", "&amp;",
        "report_final.pdf", "setup.py", "/usr/lib/x.so", "C:\\temp\\a.txt", "snake_case",
        "AB-1234", "ISO9001", "B2B", "v1.2.3", "@someone", "#topic", "東京", "Москва", "😀", "Okonkwo", "QWXZ",
    ],
)  # fmt: skip
def test_what_is_no_language_is_copied(span: str) -> None:
    for text in (f"A hat {span} and a bicycle.", f"A red hat ({span}), and", f"A red hat {span}."):
        _, spans = Spans(TOKENIZER).protect(pa.array([text]))
        assert spans == [[span]], text


@pytest.mark.parametrize(
    "text", ["A red hat.", "A RED hat and 5 hat", "A Red Hat", "A red-hat's bicycle: I and it’s…", "a + b"]
)
def test_what_is_language_is_translated(text: str) -> None:
    assert Spans(TOKENIZER).protect(pa.array([text]))[1] == [[]]


def test_a_sentence_in_capitals_is_no_code() -> None:
    assert Spans(TOKENIZER).protect(pa.array(["A RED HAT AND A BICYCLE.", "A HAT AB-12."]))[1] == [[], ["AB-12"]]


def test_in_a_title_a_capital_makes_no_name() -> None:
    """The tokenizer has no token for "children": in pieces of two letters and more, it may be a word all the same."""
    texts = ["A red hat and Children.", "A Red Hat and Children.", "A Red Hat, (Children) 42", "Hat Children"]
    assert Spans(TOKENIZER).protect(pa.array(texts))[1] == [["Children"], ["Children"], ["42"], ["Children"]]
    assert Spans(TOKENIZER).protect(pa.array(["A Red Hat And Okonkwo"]))[1] == [["Okonkwo"]]


def test_more_spans_than_there_are_placeholders_stay_text() -> None:
    (spans,) = Spans(TOKENIZER).protect(pa.array([" ".join(f"x_{number}" for number in range(15))]))[1]
    assert spans == [f"x_{number}" for number in range(len(PLACEHOLDERS))]


def test_in_pairs_only_what_both_sides_have() -> None:
    source = pa.array(["A hat 42 and AB-12.", "A 42.", "12 and 12", "A red hat."])
    target = pa.array(["Un AB-12 et 42.", "Un 421.", "12 et 12", "Un chapeau."])
    sides = Spans(TOKENIZER).protect_pairs(source, target)
    found = [
        [[p for p in PLACEHOLDERS if any(p in token for token in row)] for row in TOKENIZER.cut(side).to_pylist()]
        for side in sides
    ]
    zero, one = PLACEHOLDERS[:2]
    assert found[0] == found[1] == [[zero, one], [], [zero, one], []]


def test_of_more_numbers_than_there_are_placeholders_the_rest_is_text_as_it_was() -> None:
    numbers = pa.array([" and ".join(f"{number} 000" for number in range(11, 25))])
    words, spans = Spans(TOKENIZER).protect(numbers)
    assert spans[0][-1] == "20 000"
    for side in (words, *Spans(TOKENIZER).protect_pairs(numbers, numbers)):
        # "and" stands between; a placeholder is one word, a number in groups two.
        assert [word.text for word in side.rows()[0]][20:] == numbers[0].as_py().split()[30:]


def test_a_letter_that_serves_as_placeholder_is_copied_with_its_word() -> None:
    words, spans = Spans(TOKENIZER).protect(pa.array([f"A hat a@b.com,{PLACEHOLDERS[3]} and {PLACEHOLDERS[0]}."]))
    assert spans == [[f"a@b.com,{PLACEHOLDERS[3]}", f"{PLACEHOLDERS[0]}."]]
    assert TOKENIZER.cut(words).to_pylist()[0][-3:] == [PLACEHOLDERS[0], "and", PLACEHOLDERS[1]]


def test_a_letter_behind_a_leading_span_keeps_its_case() -> None:
    for text in ("1,2-hat and", "1,2-Hat and"):
        words, spans = Spans(TOKENIZER).protect(pa.array([text]))
        assert restore(TOKENIZER.detokenize(TOKENIZER.cut(words).to_pylist())[0], spans[0]) == text


def test_names_stay_as_they_are() -> None:
    assert Spans(TOKENIZER).is_name("Okonkwo Qwxz")
    assert Spans(TOKENIZER).is_name("Okonkwo Red")
    assert not Spans(TOKENIZER).is_name("A red hat")
    assert not Spans(TOKENIZER).is_name("A Red Hat")
    assert not Spans(TOKENIZER).is_name("Okonkwo Red And A Hat")
    assert not Spans(TOKENIZER).is_name("")


A, B = PLACEHOLDERS[:2]


@pytest.mark.parametrize(
    ("text", "restored"),
    [
        (f"Le {A} et {B}.", "Le x et y."),
        (f"Le {B} et {A}.", "Le y et x."),
        (f"Le {A} et {A}.", "Le x et y."),
        ("Le chat.", "Le chat x y."),
        (f"{B} {PLACEHOLDERS[5]} dort !", "y dort x !"),
        ("", "x y"),
    ],
)
def test_each_span_comes_back_exactly_once(text: str, restored: str) -> None:
    assert restore(text, ["x", "y"]) == restored


def test_a_span_that_looks_like_a_placeholder_stays_what_it_is() -> None:
    assert restore(f"{A} {B}", [B, "x  y"]) == f"{B} x  y"
