"""The ``word`` tokenizer: what it makes of sentences, and that nothing is lost on the way back."""

import gzip
import re
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from components.text.word import WordTokenizer

SENTENCES = [
    "A man's dog — it isn't “his” dog!",
    "L’homme d'à côté dit : « Où est-ce ? »",
    "Prix\u202f: 1\u00a0234,50\u00a0€\u202f!",
    "L'école d’été, aujourd'hui ; qu'est-ce qu’il y a ?",
    "« Oui\u00a0», dit-il.\u00a0",
    "\u00a0leading and trailing\u202f",
    "👩‍👩‍👧 family 🇫🇷 flag 👍🏽 thumbs",
    "e\u0301te\u0301 with combining accents, o\u0308",
    "مرحبا بالعالم، كيف حالك؟",
    "你好，世界！这是一个测试。",
    "￭ joins, ⇩ lowers, ␛ escapes ␛e9; and ␛",
    "İstanbul'da ǅ ß ﬁ ŉ dž",
    "NATO's CAFÉ: 'tis ''quoted'' ’’ x'",
    "\x00\x01\x02\x03\x04 control\x1f characters\x7f",
    "tabs\tand\u2028separators\u2029and\x85next\x0bline",
    "iPhone is small; ǆ too",
    "⇩",
    "' ’ - _ a_b __init__ 3'4 5’s",
    "…",
    "H₂O x² ½ ١٢٣ Ⅷ",
]


def blanks_merged(text: str) -> str:
    return re.sub(" +", " ", text).strip(" ")


def there_and_back(language: str, sentences: list[str]) -> list[str]:
    tokenizer = WordTokenizer(language)
    return tokenizer.detokenize(tokenizer.tokenize(pa.array(sentences, pa.string())).to_pylist())


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_comes_back_as_it_was(language: str, sentence: str) -> None:
    assert there_and_back(language, [sentence]) == [blanks_merged(sentence)]


# Every character that has a role of its own in the tokenizer, close together.
TRICKY = st.text(alphabet=st.sampled_from("aAéİßǆ1 '’\u00a0\u202f«».-￭⇩␛;f\x01\x02\u0301_\n中🇫"), max_size=12)


@settings(max_examples=400, deadline=None)
@given(st.one_of(TRICKY, st.text(alphabet=st.characters(exclude_categories=("Cs",)))))
@example("␛1;")
@example("⇩ a")
@example("a ￭ b")
def test_any_text_comes_back_as_it_was(sentence: str) -> None:
    for language in ("en", "fr"):
        assert there_and_back(language, [sentence]) == [blanks_merged(sentence)]


@settings(max_examples=200, deadline=None)
@given(st.lists(TRICKY, max_size=5))
def test_no_token_is_empty_or_holds_a_blank(sentences: list[str]) -> None:
    for tokens in WordTokenizer("fr").tokenize(pa.array(sentences, pa.string())).to_pylist():
        assert all(token and not re.search(r"[ \n\r]", token) for token in tokens)


@pytest.mark.parametrize(
    ("language", "sentence", "tokens"),
    [
        ("en", "Yes, sir.", "yes ￭, sir ￭."),
        ("en", "Don't go.", "don ￭'t go ￭."),
        ("fr", "L’homme n'a rien.", "l’￭ homme n'￭ a rien ￭."),
        ("fr", "Oui\u202f! « Non\u00a0»", "oui ￭\u202f! « Non ￭\u00a0»"),
        ("en", "NATO grew.", "NATO grew ￭."),
        ("en", "small beginnings", "⇩ small beginnings"),
        ("en", "(a) (b)", "(￭ a ￭) (￭ b ￭)"),
        ("en", "", ""),
    ],
)
def test_tokens(language: str, sentence: str, tokens: str) -> None:
    assert WordTokenizer(language).tokenize(pa.array([sentence])).to_pylist() == [tokens.split(" ") if tokens else []]


def test_a_slice_of_a_column_is_tokenized_like_the_column() -> None:
    tokenizer, column = WordTokenizer("en"), pa.array(["One two.", "", "Three, four!", "five"])
    assert tokenizer.tokenize(column.slice(1, 2)).to_pylist() == tokenizer.tokenize(column).to_pylist()[1:3]


@pytest.mark.parametrize("side", ["en", "fr"])
def test_every_line_of_the_test_corpora_comes_back(shared_data: Path, side: str) -> None:
    lines = (shared_data / f"multi30k/test_2016_flickr.{side}").read_text(encoding="utf-8").split("\n")
    with gzip.open(shared_data / f"canada_laws/valid.{side}.gz", "rt", encoding="utf-8") as laws:
        lines += laws.read().split("\n")
    with gzip.open(shared_data / "tatoeba/fra.txt.gz", "rt", encoding="utf-8") as tatoeba:
        lines += [line.rstrip("\n").split("\t")[side == "fr"] for line in tatoeba][::20]
    assert there_and_back(side, lines) == [blanks_merged(line) for line in lines]
