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
from components.text.sentences import sentence_words, text_words
from components.text.tokenizer import TOKENIZERS, Tokenizer, learning
from components.text.words import readable
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
    "￭ joins, ⇩ lowers ⇧ ⇪ ⇑ ‿x ▯ 𐀀 <0x41> and ␛",
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
    sentences = pa.array([pair[LANGUAGES.index(language)] for pair in pairs(300)])
    return Tokenizer(language, learning(name).learn(language, sentences, 700, simplified=False))


def spaces_merged(text: str) -> str:
    return re.sub(" +", " ", text).strip(" ")


def there_and_back(name: str, language: str, sentences: list[str]) -> list[str]:
    tokenizer = made(name, language)
    return tokenizer.detokenize(tokenizer.tokenize(pa.array(sentences, pa.string())).to_pylist())


@each_tokenizer
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_comes_back_as_it_was(name: str, language: str, sentence: str) -> None:
    assert there_and_back(name, language, [sentence]) == [spaces_merged(sentence)]


# Every character that has a role of its own in a tokenizer, close together.
TRICKY = st.text(
    alphabet=st.sampled_from("aAéÉİßǆ1 '’\u00a0\u202f«».-￭⇩⇧⇪⇑‿▯𐀀▁▅<>;f\x01\x02\x05\u0301_\n中🇫"), max_size=12
)


@each_tokenizer
@settings(max_examples=250, deadline=None)
@given(sentence=st.one_of(TRICKY, st.text(alphabet=st.characters(exclude_categories=("Cs",)))))
@example(sentence="AÉ BÀ")
@example(sentence="aAAa A")
@example(sentence=" \x01a \x05b")
@example(sentence="⇩ a")
@example(sentence="a ￭ b")
@example(sentence="▁a ▁ b")
def test_any_text_comes_back_as_it_was(name: str, sentence: str) -> None:
    for language in LANGUAGES:
        assert there_and_back(name, language, [sentence]) == [spaces_merged(sentence)]


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
    assert there_and_back(name, side, lines) == [spaces_merged(line) for line in lines]


@pytest.mark.slow
@each_tokenizer
@pytest.mark.parametrize("side", LANGUAGES)
def test_every_line_of_all_corpora_comes_back(name: str, side: str, shared_data: Path) -> None:
    files = [*shared_data.glob(f"multi30k/*.{side}"), *shared_data.glob(f"canada_laws/*.{side}.gz")]
    assert len(files) == 5
    for file in [*files, shared_data / "tatoeba/fra.txt.gz"]:
        with gzip.open(file, "rb") if file.suffix == ".gz" else file.open("rb") as opened:
            lines = opened.read().decode().split("\n")
        if file.name == "fra.txt.gz":
            lines = [line.split("\t")[side == "fr"] for line in lines if line]
        for begin in range(0, len(lines), 1 << 16):
            block = lines[begin : begin + (1 << 16)]
            assert there_and_back(name, side, block) == [spaces_merged(line) for line in block], file.name


@each_tokenizer
@settings(max_examples=100, deadline=None)
@given(
    sentences=st.lists(
        st.one_of(TRICKY, st.just("LOUD AND CLEAR."), st.just("I."), st.just("A Title, 3 Words")),
        min_size=1,
        max_size=5,
    )
)
def test_a_long_column_has_the_words_of_each_of_its_sentences(name: str, sentences: list[str]) -> None:
    """A long column takes another way than a few sentences."""
    column = pa.array(sentences * 300, pa.string())
    assert sentence_words(column).rows() == [text_words(sentence) for sentence in sentences] * 300


@pytest.mark.parametrize(
    ("language", "sentence", "tokens"),
    [
        ("en", "Yes, sir.", "yes ￭, sir ￭."),
        ("en", "Don't go.", "don ￭'t go ￭."),
        ("fr", "L’homme n'a rien.", "l’￭ homme n'￭ a rien ￭."),
        ("fr", "Oui\u202f! « Non\u00a0»", "oui ￭\u202f! « ⇧ non ￭\u00a0»"),
        ("en", "NATO grew.", "⇪ nato grew ￭."),
        ("en", "small beginnings", "⇩ small beginnings"),
        ("en", "(a) (b)", "⇩ (￭ a ￭) (￭ b ￭)"),
        ("en", "Yes, McSir said USAs: NATO!", "yes ￭, ⇧ m ‿c ⇧ ‿s ‿i ‿r said ⇪ u ‿s ‿a ⇩ ‿s ￭: ⇪ nato ￭!"),
        ("en", "YES, SIR.", "⇑ yes ￭, sir ￭."),
        ("en", "Yes 42 ₿", "yes 4 ‿2 ▯ <0xE2> <0x82> <0xBF>"),
        ("en", "go 東x", "⇩ go ▯ <0xE6> <0x9D> <0xB1> ‿x"),
        ("en", "", ""),
    ],
)
def test_words_are_whole_or_spelled(language: str, sentence: str, tokens: str) -> None:
    learnt = ["yes, sir said.", "small beginnings!", "nato grew: don't go", "(a) (b)", "x u s m c i r"]
    learnt += ["l’homme n'a rien", "oui\u202f! « non\u00a0»", "a b c d s i r x u"]
    tokenizer = Tokenizer(language, learning("word").learn(language, pa.array(learnt * 3), 2000, simplified=False))
    assert " ".join(tokenizer.tokenize(pa.array([sentence]))[0].as_py()) == tokens


@each_tokenizer
def test_learning_depends_on_neither_the_order_of_sentences_nor_on_how_they_are_cut_into_columns(name: str) -> None:
    sentences = [english for english, _ in pairs(200)]
    learnt = [
        learning(name).learn("en", column, 500, simplified=True)
        for column in (pa.array(sentences), pa.array(sentences[::-1]), pa.array(["x", *sentences]).slice(1))
    ]
    assert learnt[0] == learnt[1] == learnt[2]


@each_tokenizer
def test_all_tokens_are_known_beforehand(name: str) -> None:
    tokenizer = made(name, "en")
    inventory = set(tokenizer.inventory.tokens())
    given = tokenizer.tokenize(pa.array([*SENTENCES, *(english for english, _ in pairs(300))]))
    assert set(given.flatten().to_pylist()) <= inventory


def test_the_source_is_read_in_one_form_whatever_it_was_typed_with() -> None:
    tokenizer = Tokenizer(
        "en", learning("word").learn("en", pa.array(["A fine hat."] * 2), 500, simplified=True), simplified=True
    )
    typed = ["A “ﬁne” hat…", 'A "fine" hat...', "A „ﬁ\u00adne‟ ｈａｔ...", 'A "\u200bfine" hat...']
    tokens = tokenizer.tokenize(pa.array(typed)).to_pylist()
    assert tokens[1:] == tokens[:1] * 3


def test_a_person_reads_tokens_without_their_marks() -> None:
    assert [readable(token) for token in ("￭,", "‿er", "￭", "𐀁")] == [",", "er", "￭", "[1]"]


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(
        InputError, match="tokenizer: found 'bpe', must be one of word, sentencepiece, sentencepiece-bpe"
    ):
        learning("bpe")
