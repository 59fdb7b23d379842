"""Vocabularies: order, ids, files."""

from pathlib import Path

import pyarrow as pa
import pytest

from components.errors import InputError
from components.text.vocabulary import SPECIAL_TOKENS, Vocabulary


def test_ids_follow_falling_frequency_and_ties_follow_the_token() -> None:
    vocabulary = Vocabulary.from_counts({"b": 2, "a": 2, "c": 5, "rare": 1, "<unk>": 9}, size=7)
    assert vocabulary.tokens == ("<pad>", "<unk>", "<sos>", "<eos>", "c", "a", "b")


def test_min_count_keeps_seldom_tokens_out() -> None:
    assert Vocabulary.from_counts({"a": 2, "b": 1}, size=100, min_count=2).tokens[4:] == ("a",)


def test_ids_are_these_numbers() -> None:
    vocabulary = Vocabulary((*SPECIAL_TOKENS, "the", "dog"))
    assert vocabulary.ids(pa.array(["dog", "the", "cat", "dog", "<eos>"])).tolist() == [5, 4, 1, 5, 3]
    assert vocabulary.ids(pa.array([], pa.string())).tolist() == []


def test_ids_of_numbered_tokens_are_those_of_the_tokens() -> None:
    vocabulary, tokens = Vocabulary((*SPECIAL_TOKENS, "the", "dog")), pa.array(["dog", "x", "the", "dog"])
    assert vocabulary.ids(tokens.dictionary_encode()).tolist() == vocabulary.ids(tokens).tolist() == [5, 1, 4, 5]


def test_words_end_at_eos_and_skip_padding() -> None:
    assert Vocabulary((*SPECIAL_TOKENS, "the", "dog")).words([2, 5, 0, 4, 3, 5, 5]) == ["dog", "the"]


def test_a_file_keeps_every_token(tmp_path: Path) -> None:
    tokens = (*SPECIAL_TOKENS, "\u2028", "\x85", "é", "e\u0301", "￭\u00a0»")
    Vocabulary(tokens).save(tmp_path / "v.txt")
    assert Vocabulary.load(tmp_path / "v.txt").tokens == tokens


@pytest.mark.parametrize("content", [None, b"", b"a\nb\n", b"\xff\n"])
def test_what_is_no_vocabulary_is_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "v.txt").write_bytes(content)
    with pytest.raises(InputError, match=r"vocabulary .*v\.txt"):
        Vocabulary.load(tmp_path / "v.txt")
