"""The ``sentencepiece`` tokenizers: what they learn from which sentences, and how they cut."""

import subprocess
import sys
import time
from collections import Counter

import pyarrow as pa
import pytest

from components.text.pieces import PieceTokenizer, learn_pieces

ALGORITHMS = ("unigram", "bpe")
# 40 sentences in which "low", "lower", "new" and "newer" are what can be learnt.
SENTENCES = pa.array([f"{a}er than {b}" for a in ("low", "new") for b in ("low", "new") for _ in range(10)])
each_algorithm = pytest.mark.parametrize("algorithm", ALGORITHMS)


def cut(model: bytes, *sentences: str) -> list[str]:
    return [" ".join(tokens) for tokens in PieceTokenizer(model).tokenize(pa.array(sentences)).to_pylist()]


@pytest.mark.parametrize(
    ("algorithm", "size", "expected"),
    [
        ("unigram", 100, "▁low e r ▁ t h a n ▁new ▁ w o l f"),
        ("bpe", 16, "▁ lo w er ▁ th an ▁n ew ▁ w o l f"),
        ("bpe", 20, "▁low er ▁th an ▁new ▁ w o l f"),
        ("bpe", 100, "▁lower ▁than ▁new ▁ w o l f"),
    ],
)
def test_pieces(algorithm: str, size: int, expected: str) -> None:
    assert cut(learn_pieces(SENTENCES, size, algorithm), "lower than new wolf") == [expected]


@each_algorithm
def test_what_was_not_learnt_stays_as_it_stands(algorithm: str) -> None:
    model = learn_pieces(SENTENCES, 20, algorithm)
    assert cut(model, "🦓🦓 low\u202f!") == ["▁ 🦓🦓 ▁low \u202f!"]
    assert cut(model, "İ\u0301", "", "  ") == ["▁ İ\u0301", "", ""]


@each_algorithm
def test_what_looks_like_a_special_token_is_none(algorithm: str) -> None:
    """With none of its characters learnt, it would be one token, and the vocabulary would take it for its own."""
    model = learn_pieces(pa.array(["你好 世界"]), 20, algorithm)
    assert not {"<pad>", "<unk>", "<sos>", "<eos>"} & set(cut(model, "<eos> a<unk> <pad>")[0].split(" "))


@each_algorithm
def test_words_are_cut_the_same_wherever_they_stand(algorithm: str) -> None:
    model = learn_pieces(SENTENCES, 20, algorithm)
    alone, among = cut(model, "newlow"), cut(model, "lower newlow than newlow")
    assert among[0].count(alone[0]) == 2


@each_algorithm
@pytest.mark.parametrize("sentences", [[], ["a"], ["☃"], ["▅ \t"], ["x" * 4096], ["A man.", "Two men."] * 5])
@pytest.mark.parametrize("size", [1, 20_000])
def test_the_smallest_corpora_give_a_model(algorithm: str, sentences: list[str], size: int) -> None:
    model = learn_pieces(pa.array(sentences, pa.string()), size, algorithm)
    text = " ".join(sentences)[:100] + " zebra"
    tokenizer = PieceTokenizer(model)
    assert tokenizer.detokenize(tokenizer.tokenize(pa.array([text])).to_pylist()) == [text.strip(" ")]


@pytest.mark.parametrize(("size", "expected"), [(40, 40), (200, 200), (5000, 677)])
def test_a_corpus_gives_as_many_pieces_as_asked_for_or_as_it_can(size: int, expected: int) -> None:
    letters = [chr(97 + number) for number in range(26)]
    sentences = pa.array([f"{a}{b}{a} end" for a in letters for b in letters] * 2)
    tokenizer = PieceTokenizer(learn_pieces(sentences, size, "bpe"))
    assert len(set(tokenizer.tokenize(sentences).flatten().to_pylist())) == expected


@each_algorithm
def test_characters_that_hardly_occur_are_not_learnt(algorithm: str) -> None:
    sentences = pa.array(["x low"] * 30_000 + ["low ☃"])
    assert cut(learn_pieces(sentences, 100, algorithm), "☃☃x") == ["▁ ☃☃ x"]


@each_algorithm
@pytest.mark.parametrize("min_count", [1, 5])
def test_no_piece_comes_up_that_was_hardly_used(algorithm: str, min_count: int) -> None:
    """Else a new word would be cut into what training never saw, or hardly."""
    stems, ends = ("mother", "brother", "weather", "feather", "smother"), ("s", "ed", "ing", "land", "less", "like")
    words = [stem + end for stem in stems for end in ends]
    sentences = pa.array([" ".join(words[: number % len(words)]) or "end" for number in range(100)])
    tokenizer = PieceTokenizer(learn_pieces(sentences, 1000, algorithm, min_count=min_count))
    uses = Counter(tokenizer.tokenize(sentences).flatten().to_pylist())
    new = [word[begin:end] for word in words for begin in range(9) for end in range(begin + 1, 12)]
    found = set(tokenizer.tokenize(pa.array([*new, *words])).flatten().to_pylist())
    assert all(uses[piece] >= max(min_count, 2) for piece in found if len(piece) > 1)
    assert max(map(len, found)) > 5


def test_a_large_vocabulary_of_a_small_corpus_still_cuts_new_words_into_what_it_saw() -> None:
    syllables = ("ba", "do", "ki", "mu", "ne")
    words = [a + b + c for a in syllables for b in syllables for c in syllables]
    seen, new = pa.array(words[::2]), pa.array(words[1::2])
    tokenizer = PieceTokenizer(learn_pieces(seen, 10_000, "bpe"))
    used = set(tokenizer.tokenize(seen).flatten().to_pylist())
    found = tokenizer.tokenize(new).flatten().to_pylist()
    assert {piece for piece in found if len(piece) > 1} <= used


@each_algorithm
def test_the_same_sentences_give_the_same_bytes_in_another_process(algorithm: str) -> None:
    code = (
        "import sys, hashlib, pyarrow as pa; from components.text.pieces import learn_pieces; "
        "from tests.text.test_pieces import SENTENCES; "
        "print(hashlib.sha256(learn_pieces(SENTENCES, 20, sys.argv[1])).hexdigest())"
    )
    command = [sys.executable, "-c", code, algorithm]
    one, other = (subprocess.run(command, capture_output=True, text=True, check=True) for _ in range(2))
    assert one.stdout == other.stdout
    # Nothing is said to who did not ask.
    assert one.stderr == ""


@pytest.mark.parametrize("model", [b"", b"word", learn_pieces(SENTENCES, 20, "bpe")[:100]])
def test_what_is_no_model_is_refused(model: bytes) -> None:
    with pytest.raises(ValueError, match="is no sentencepiece model"):
        PieceTokenizer(model)


def test_output_of_a_model_reads_as_text() -> None:
    tokenizer = PieceTokenizer(learn_pieces(SENTENCES, 20, "bpe"))
    assert tokenizer.detokenize([["ow", "▁", "▁", "▁low", "er", "▁"], [], ["▁"]]) == ["ow lower", "", ""]


@each_algorithm
def test_time_grows_with_the_length_of_a_word_and_not_with_its_square(algorithm: str) -> None:
    tokenizer, start = PieceTokenizer(learn_pieces(SENTENCES, 20, algorithm)), time.process_time()
    tokenizer.tokenize(pa.array(["lower" * 40_000, "🦓" * 40_000]))
    assert time.process_time() - start < 3
