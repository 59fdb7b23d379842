"""The ``word`` tokenizer: what it makes of sentences. What it shares with the others is in ``test_tokenizer``."""

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from components.text.word import WordTokenizer


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


@settings(max_examples=300, deadline=None)
@given(sentence=st.text(alphabet=st.characters(max_codepoint=127), max_size=20), language=st.sampled_from(["en", "fr"]))
@example(sentence="a'b 3'c d'4 _'e 'f g'", language="en")
@example(sentence="a'b 3'c d'4 _'e 'f g'", language="fr")
def test_a_sentence_of_ascii_is_the_same_beside_others(sentence: str, language: str) -> None:
    """Where there is nothing but ASCII, other patterns are at work."""
    tokenizer = WordTokenizer(language)
    alone, beside = (tokenizer.tokenize(pa.array(column))[0].as_py() for column in ([sentence], [sentence, "l’été"]))
    assert alone == beside
