"""What a tokenizer is, and which ones there are."""

from collections.abc import Sequence
from typing import Protocol

import pyarrow as pa

from components.errors import InputError
from components.text.word import WordTokenizer


class Tokenizer(Protocol):
    """Sentences to tokens and back, a column at a time.

    ``detokenize(tokenize(x))`` is ``x``, but for runs of ordinary blanks (U+0020), which become one, and for
    blanks at either end, which go. No token holds a blank or a line break.
    """

    def tokenize(self, sentences: pa.StringArray) -> pa.ListArray:
        """Sentences, shape [n] → a list of tokens for each, shape [n, (tokens)]."""
        ...

    def detokenize(self, tokens: Sequence[Sequence[str]]) -> list[str]:
        """The sentences, as many as there are lists of tokens."""
        ...


TOKENIZERS = {"word": WordTokenizer}


def make_tokenizer(name: str, language: str) -> Tokenizer:
    """The tokenizer of that name for a language.

    Raises:
        InputError: if there is no tokenizer of that name.
    """
    if name not in TOKENIZERS:
        raise InputError(f"tokenizer: found {name!r}, must be one of {', '.join(TOKENIZERS)}")
    return TOKENIZERS[name](language)
