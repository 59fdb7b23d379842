"""What a tokenizer is, and which ones there are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import pyarrow as pa

from components.errors import InputError
from components.text.pieces import WORD_BEGIN, PieceTokenizer, learn_pieces
from components.text.word import JOINER, WordTokenizer


class Tokenizer(Protocol):
    """Sentences to tokens and back, a column at a time.

    ``detokenize(tokenize(x))`` is ``x``, but for runs of ordinary blanks (U+0020), which become one, and for
    blanks at either end, which go. No token holds a blank or a line break, and no token spans two words.
    """

    def tokenize(self, sentences: pa.StringArray) -> pa.ListArray:
        """Sentences, shape [n] → a list of tokens for each, shape [n, (tokens)]."""
        ...

    def detokenize(self, tokens: Sequence[Sequence[str]]) -> list[str]:
        """The sentences, as many as there are lists of tokens."""
        ...


class Learn(Protocol):
    """Learns a tokenizer from sentences of a language: the same bytes from the same sentences in the same order."""

    def __call__(self, sentences: pa.StringArray, size: int, *, min_count: int = 1) -> bytes:
        """What is learnt from sentences, shape [n], for a vocabulary of ``size`` tokens seen ``min_count`` times."""
        ...


@dataclass(frozen=True)
class TokenizerKind:
    """One way to take sentences apart.

    Attributes:
        make: the tokenizer of a language (an ISO 639 code), with what ``learn`` gave for it.
        learn: None if it learns nothing.
        libraries: what ``make`` needs besides what the project needs anyway; a served model brings them along.
    """

    make: Callable[[str, bytes], Tokenizer]
    learn: Learn | None = None
    libraries: tuple[str, ...] = ()


def _pieces(algorithm: str) -> TokenizerKind:
    return TokenizerKind(
        lambda language, learnt: PieceTokenizer(learnt),
        partial(learn_pieces, algorithm=algorithm),
        libraries=("sentencepiece",),
    )


TOKENIZERS = {
    "word": TokenizerKind(lambda language, learnt: WordTokenizer(language)),
    "sentencepiece": _pieces("unigram"),
    "sentencepiece-bpe": _pieces("bpe"),
}


def tokenizer_kind(name: str) -> TokenizerKind:
    """The kind of that name.

    Raises:
        InputError: if there is none.
    """
    if name not in TOKENIZERS:
        raise InputError(f"tokenizer: found {name!r}, must be one of {', '.join(TOKENIZERS)}")
    return TOKENIZERS[name]


def make_tokenizer(name: str, language: str, learnt: bytes = b"") -> Tokenizer:
    """The tokenizer of that name for a language, with what it has learnt, if it learns.

    Raises:
        InputError: if there is no tokenizer of that name.
        ValueError: if it cannot have learnt that.
    """
    return tokenizer_kind(name).make(language, learnt)


def readable(token: str) -> str:
    """A token for a person to look at: without the signs that only tokenizers mean, unless it is nothing else."""
    return token.replace(JOINER, "").replace(WORD_BEGIN, "") or token
