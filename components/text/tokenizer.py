"""Sentences into tokens and back, a column at a time, and the ways there are to learn a tokenizer.

Each distinct word is cut for itself (``words`` says how) and remembered, so that a column costs little more than
looking its words up.

A sentence begins with a capital because of its place: that letter is read as a small one and raised again. A sentence
that begins with a small letter is marked by ``⇩``, one all in capitals by ``⇑``, so that its words are those of others.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from components.errors import InputError
from components.text.inventory import Inventory, Method, byte_pairs, extend, learn, unigram, whole_words
from components.text.normalization import simplify
from components.text.sentences import FIRST, IN_CAPITALS, WITH_PLACEHOLDERS, Word, Words, occurring, sentence_words
from components.text.words import (
    ALL_CAPITALS,
    BYTES,
    CONTINUES,
    ELIDING_LANGUAGES,
    JOINER,
    PLACEHOLDERS,
    SMALL,
    SPELLED,
    Part,
    case_runs,
    is_reserved,
    join,
    join_sentence,
    lower,
    lower_first,
    parts,
    spelled,
)

# Distinct words that are remembered at a time.
_REMEMBERED = 1 << 20
_BYTES = frozenset(BYTES)
_PLACEHOLDER = re.compile(f"([{PLACEHOLDERS[0]}-{PLACEHOLDERS[-1]}])")


class Tokenizer:
    """The tokenizer of a language (an ISO 639 code) with what ``Learning.learn`` gave for it.

    ``detokenize(tokenize(x))`` is ``x``, but for runs of ordinary spaces (U+0020), which become one, and for spaces at
    either end, which go. With ``simplified``, words are read in the form of :func:`normalization.simplify`.

    Raises:
        ValueError: if that is nothing that was learnt.
    """

    def __init__(self, language: str, learnt: bytes, *, simplified: bool = False):
        self.inventory = Inventory.load(learnt)
        self._elides = language in ELIDING_LANGUAGES
        self._simplified = simplified
        # Tokens by number, as far as they have been used; those of words, and of the letters and signs in words.
        self._tokens: list[str] = []
        self._numbers: dict[str, int] = {}
        self._remembered: dict[Word, tuple[int, ...]] = {}
        self._letters_remembered: dict[str, list[str]] = {}
        self._symbols_remembered: dict[Part, list[str]] = {}

    def tokenize(self, sentences: pa.StringArray) -> pa.ListArray:
        """Sentences, shape [n] → a list of tokens for each, shape [n, (tokens)]; an empty sentence has none."""
        return self.cut(sentence_words(sentences))

    def cut(self, words: Words) -> pa.ListArray:
        """The words of n sentences → tokens, shape [n, (tokens)], of a dictionary type."""
        if len(self._remembered) > _REMEMBERED:
            self._remembered.clear()
            self._letters_remembered.clear()
            self._symbols_remembered.clear()
        known = self._remembered.get
        numbers, offsets = words.expand([known(word) or self._cut(word) for word in words.distinct])
        used, indices = occurring(numbers, len(self._tokens))
        tokens = pa.array([self._tokens[number] for number in used.tolist()], pa.string())
        return pa.ListArray.from_arrays(pa.array(offsets), pa.DictionaryArray.from_arrays(indices, tokens))

    def detokenize(self, tokens: Sequence[Sequence[str]]) -> list[str]:
        """The sentences, as many as there are lists of tokens."""
        return [join_sentence(sentence) for sentence in tokens]

    def _cut(self, word: Word) -> tuple[int, ...]:
        tokens = self._sentence_tokens(word)
        for token in tokens:
            if token not in self._numbers:
                self._numbers[token] = len(self._tokens)
                self._tokens.append(token)
        numbers = self._remembered[word] = tuple(self._numbers[token] for token in tokens)
        return numbers

    def _sentence_tokens(self, word: Word) -> list[str]:
        text = simplify(word.text) if self._simplified else word.text
        protected = bool(word.flags & WITH_PLACEHOLDERS)
        if word.flags & IN_CAPITALS:
            tokens = self._word_tokens(lower(text), protected)
            if join(tokens, in_capitals=True) != text:
                tokens = _spelled(text, protected)  # Bytes have no case.
            return [ALL_CAPITALS, *tokens] if word.flags & FIRST else tokens
        if word.flags & FIRST:
            text, small = lower_first(text)
            tokens = self._word_tokens(text, protected)
            return [SMALL, *tokens] if small else tokens
        return self._word_tokens(text, protected)

    def _word_tokens(self, word: str, protected: bool) -> list[str]:
        if word.islower() and word.isalpha():  # Most words.
            return self._letters(word, protected)
        tokens: list[str] = []
        for part in parts(word, self._elides):
            tokens += self._letters(part.text, protected) if part.letters else self._symbol(part)
        # Bytes have no case, signs mean something here, letters change their number with their case: rules forget some.
        plain = word.isascii() and _BYTES.isdisjoint(tokens)
        return tokens if plain or join(tokens) == word else _spelled(word, protected)

    def _symbol(self, part: Part) -> list[str]:
        if (tokens := self._symbols_remembered.get(part)) is not None:
            return tokens
        left, right = JOINER * part.left, JOINER * part.right
        runs = case_runs(part.text)
        if len(runs) == 1 and (token := left + runs[0][1] + right) in self.inventory and not is_reserved(part.text):
            tokens = [runs[0][0], token]
        else:
            tokens = [left, *self._clitic_or_bytes(part.text), right]
        tokens = self._symbols_remembered[part] = [token for token in tokens if token]
        return tokens

    def _clitic_or_bytes(self, text: str) -> list[str]:
        """A symbol or clitic without a token of its own."""
        if len(text) > 1 and text[:-1].isalpha():
            return [*self._letters(text[:-1], False), JOINER, *self._symbol(Part(text[-1], False))]
        if len(text) > 1 and text[1:].isalpha():
            return [*self._symbol(Part(text[0], False)), JOINER, *self._letters(text[1:], False)]
        return [SPELLED, *spelled(text)]

    def _letters(self, text: str, protected: bool) -> list[str]:
        if protected or (tokens := self._letters_remembered.get(text)) is None:
            tokens = self._pieces(text, protected)
            if not protected:
                self._letters_remembered[text] = tokens
        return tokens

    def _pieces(self, text: str, protected: bool) -> list[str]:
        tokens: list[str] = []
        continues = False
        for mark, letters in case_runs(text):
            if mark:
                tokens.append(mark)
            for piece in self._cut_letters(letters, protected):
                token = CONTINUES + piece if continues else piece
                if protected and piece in PLACEHOLDERS:
                    # One token wherever it stands: no piece of a word begins or ends with it.
                    tokens += [JOINER, piece] if continues else [piece]
                elif token in self.inventory:
                    tokens.append(token)
                elif continues and all(CONTINUES + character in self.inventory for character in piece):
                    tokens += [CONTINUES + character for character in piece]
                else:
                    tokens += [*([] if continues else [SPELLED]), *spelled(piece)]
                continues = True
        return tokens

    def _cut_letters(self, letters: str, protected: bool) -> Iterator[str]:
        for run in filter(None, _PLACEHOLDER.split(letters)) if protected else (letters,):
            yield from [run] if protected and run in PLACEHOLDERS else self.inventory.cut(run)


def _spelled(text: str, protected: bool) -> list[str]:
    """The bytes of a text, and the placeholders in it."""
    tokens: list[str] = []
    for run in filter(None, _PLACEHOLDER.split(text) if protected else [text]):
        joiner = [JOINER] if tokens else []
        tokens += [*joiner, *([run] if protected and run in PLACEHOLDERS else [SPELLED, *spelled(run)])]
    return tokens


@dataclass(frozen=True)
class Learning:
    """One way to learn a tokenizer.

    Attributes:
        method: how words become tokens.
        libraries: what a tokenizer that was learnt so needs besides what the project needs anyway.
    """

    method: Method
    libraries: tuple[str, ...] = ()

    def learn(
        self, language: str, sentences: pa.StringArray, size: int, min_count: int = 1, *, simplified: bool
    ) -> bytes:
        """What is learnt from sentences, shape [n], for a vocabulary of ``size`` tokens seen ``min_count`` times."""
        words, elides = _count_words(sentences, simplified), language in ELIDING_LANGUAGES
        return learn(words, size, self.method, elides=elides, min_count=min_count).save()


def learn_more(
    learnt: bytes, language: str, sentences: pa.StringArray, words: int, min_count: int = 1, *, simplified: bool
) -> bytes:
    """What was learnt, and from sentences, shape [n], up to ``words`` more words; see ``inventory.extend``."""
    counts, elides = _count_words(sentences, simplified), language in ELIDING_LANGUAGES
    return extend(Inventory.load(learnt), counts, words, elides=elides, min_count=min_count).save()


def _count_words(sentences: pa.StringArray, simplified: bool) -> Counter[str]:
    """Words as they stand between spaces, the first of a sentence in small letters → occurrences."""
    words = sentence_words(sentences)
    counts: Counter[str] = Counter()
    for word, times in zip(words.distinct, words.counts().tolist(), strict=True):
        text = simplify(word.text) if simplified else word.text
        if word.flags & IN_CAPITALS:
            text = lower(text)
        elif word.flags & FIRST:
            text = lower_first(text)[0]
        counts[text] += times
    return counts


TOKENIZERS = {
    "word": Learning(whole_words),
    "sentencepiece": Learning(unigram, libraries=("sentencepiece",)),
    "sentencepiece-bpe": Learning(byte_pairs, libraries=("sentencepiece",)),
}


def learning(name: str) -> Learning:
    """The way to learn the tokenizer of that name.

    Raises:
        InputError: if there is none.
    """
    if name not in TOKENIZERS:
        raise InputError(f"tokenizer: found {name!r}, must be one of {', '.join(TOKENIZERS)}")
    return TOKENIZERS[name]
