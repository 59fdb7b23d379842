"""The ``word`` tokenizer: what it makes of sentences. What it shares with the others is in ``test_tokenizer``."""

import pyarrow as pa
import pytest

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
