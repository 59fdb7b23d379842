"""What holds for every tokenizer: nothing is lost on the way there and back, whatever the text."""

import gzip
import re
from functools import cache
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from components.errors import InputError
from components.text.tokenizer import TOKENIZERS, Tokenizer, make_tokenizer, readable, tokenizer_kind
from tests.corpus.corpora import pairs

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
    "▁ begins, ▁▁words ▅ <unk> <eos>x </s> <0x41>",
    "İstanbul'da ǅ ß ﬁ ŉ dž",
    "NATO's CAFÉ: 'tis ''quoted'' ’’ x'",
    "\x00\x01\x02\x03\x04 control\x1f characters\x7f",
    "tabs\tand\u2028separators\u2029and\x85next\x0bline",
    "iPhone is small; ǆ too",
    "⇩",
    "' ’ - _ a_b __init__ 3'4 5’s",
    "…",
    "H₂O x² ½ ١٢٣ Ⅷ",
    "ideographic\u3000and thin\u2009spaces, zero\u200bwidth, \ufeffmarks",
]
LANGUAGES = ("en", "fr")
each_tokenizer = pytest.mark.parametrize("name", TOKENIZERS)


@cache
def made(name: str, language: str) -> Tokenizer:
    """The tokenizer; one that learns has learnt from sentences in which hardly a sign of these tests occurs."""
    learn = tokenizer_kind(name).learn
    sentences = pa.array([pair[LANGUAGES.index(language)] for pair in pairs(300)])
    return make_tokenizer(name, language, learn(sentences, 200) if learn else b"")


def blanks_merged(text: str) -> str:
    return re.sub(" +", " ", text).strip(" ")


def there_and_back(name: str, language: str, sentences: list[str]) -> list[str]:
    tokenizer = made(name, language)
    return tokenizer.detokenize(tokenizer.tokenize(pa.array(sentences, pa.string())).to_pylist())


@each_tokenizer
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_comes_back_as_it_was(name: str, language: str, sentence: str) -> None:
    assert there_and_back(name, language, [sentence]) == [blanks_merged(sentence)]


# Every character that has a role of its own in a tokenizer, close together.
TRICKY = st.text(alphabet=st.sampled_from("aAéİßǆ1 '’\u00a0\u202f«».-￭⇩␛▁▅<>;f\x01\x02\u0301_\n中🇫"), max_size=12)


@each_tokenizer
@settings(max_examples=250, deadline=None)
@given(sentence=st.one_of(TRICKY, st.text(alphabet=st.characters(exclude_categories=("Cs",)))))
@example(sentence="␛1;")
@example(sentence="⇩ a")
@example(sentence="a ￭ b")
@example(sentence="▁a ▁ b")
def test_any_text_comes_back_as_it_was(name: str, sentence: str) -> None:
    for language in LANGUAGES:
        assert there_and_back(name, language, [sentence]) == [blanks_merged(sentence)]


@each_tokenizer
@settings(max_examples=100, deadline=None)
@given(sentences=st.lists(st.one_of(TRICKY, st.sampled_from(["<eos>", "a<unk>", "<pad>中"])), max_size=5))
def test_no_token_is_empty_or_special_or_spans_words(name: str, sentences: list[str]) -> None:
    tokenized = made(name, "fr").tokenize(pa.array(sentences, pa.string())).to_pylist()
    for tokens, sentence in zip(tokenized, sentences, strict=True):
        assert all(token and not re.search(r"[ \n\r]|^<(pad|unk|sos|eos)>$", token) for token in tokens)
        # The rule against long sentences counts words before anything is tokenized.
        assert len(tokens) >= len(sentence.split(" ")) - sentence.split(" ").count("")


@each_tokenizer
def test_a_slice_of_a_column_is_tokenized_like_the_column(name: str) -> None:
    tokenizer, column = made(name, "en"), pa.array(["One two.", "", "Three, four!", "five"])
    assert tokenizer.tokenize(column.slice(1, 2)).to_pylist() == tokenizer.tokenize(column).to_pylist()[1:3]
    assert tokenizer.tokenize(column.slice(4)).to_pylist() == []


@each_tokenizer
@pytest.mark.parametrize("side", LANGUAGES)
def test_every_line_of_the_test_corpora_comes_back(name: str, side: str, shared_data: Path) -> None:
    lines = (shared_data / f"multi30k/test_2016_flickr.{side}").read_text(encoding="utf-8").split("\n")
    with gzip.open(shared_data / f"canada_laws/valid.{side}.gz", "rt", encoding="utf-8") as laws:
        lines += laws.read().split("\n")
    with gzip.open(shared_data / "tatoeba/fra.txt.gz", "rt", encoding="utf-8") as tatoeba:
        lines += [line.rstrip("\n").split("\t")[side == "fr"] for line in tatoeba][::20]
    assert there_and_back(name, side, lines) == [blanks_merged(line) for line in lines]


def test_a_person_reads_tokens_without_their_marks() -> None:
    assert [readable(token) for token in ("￭,", "▁the", "▁", "￭")] == [",", "the", "▁", "￭"]


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(
        InputError, match="tokenizer: found 'bpe', must be one of word, sentencepiece, sentencepiece-bpe"
    ):
        make_tokenizer("bpe", "en")
