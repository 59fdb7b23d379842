"""Sentences into words, a column at a time: each distinct word once, and numbers for where it stands.

A sentence is cut at its spaces. What becomes of a word depends on its letters, on whether it is the sentence's first,
and on the case of the sentence as a whole; so each distinct word is looked at once, and a column costs little more than
looking its words up.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# Flags of words.
FIRST, IN_CAPITALS, IN_TITLE, WITH_PLACEHOLDERS = 1, 2, 4, 8
_FLAGS = 16
# Arrow compiles a pattern at each call, which takes longer than so many sentences do.
_FEW = 256
# Letters that a sentence needs to be one in capitals: "I." and "OK" say nothing.
_FEWEST_CAPITALS = 4
# Words with letters that a sentence needs to be a title.
_FEWEST_IN_TITLE = 3
# A word that begins with a small letter (for RE2): its sentence is neither in capitals nor a title.
_SMALL_WORD = r"(?:^| )[^\pL\pN ]*\p{Ll}"


class Word(NamedTuple):
    """A word of a sentence, as it stands in the text, and what else its tokens depend on.

    ``flags``: ``FIRST`` of its sentence; ``IN_CAPITALS``: in a sentence all in capitals; ``IN_TITLE``: in a sentence
    each word of which begins with a capital, which therefore says nothing; ``WITH_PLACEHOLDERS``: the placeholders in
    it are no letters of the text.
    """

    text: str
    flags: int = 0

    def with_text(self, text: str, flags: int = 0) -> "Word":
        """The same word with another text, and some more flags."""
        return Word(text, self.flags | flags)


@dataclass(frozen=True)
class Words:
    """The words of n sentences.

    Attributes:
        distinct: each word once.
        numbers: which of them stand in the sentences, one sentence behind another; int32, shape [words].
        offsets: where in ``numbers`` each sentence begins, and where the last one ends; int32, shape [n + 1].
    """

    distinct: list[Word]
    numbers: np.ndarray
    offsets: np.ndarray

    @classmethod
    def of(cls, rows: Iterable[Sequence[Word]]) -> "Words":
        """The words of sentences one by one."""
        rows = list(rows)
        number = {word: at for at, word in enumerate(dict.fromkeys(chain.from_iterable(rows)))}
        numbers = np.array([number[word] for row in rows for word in row], np.int32)
        return cls(list(number), numbers, np.cumsum([0, *map(len, rows)], dtype=np.int32))

    def rows(self) -> list[list[Word]]:
        """The words of each sentence."""
        words = [self.distinct[number] for number in self.numbers.tolist()]
        ends = self.offsets.tolist()
        return [words[begin:end] for begin, end in pairwise(ends)]

    def counts(self) -> np.ndarray:
        """How often each distinct word occurs; shape [distinct]."""
        return np.bincount(self.numbers, minlength=len(self.distinct))

    def replace(self, places: Sequence[int], words: Sequence[Word]) -> "Words":
        """With other words at some places of ``numbers``."""
        if not places:
            return self
        number = {word: len(self.distinct) + at for at, word in enumerate(dict.fromkeys(words))}
        numbers = self.numbers.copy()
        numbers[places] = [number[word] for word in words]
        # A word that stands nowhere any more would cost time further on.
        distinct = [*self.distinct, *number]
        used, numbers = occurring(numbers, len(distinct))
        return Words([distinct[number] for number in used.tolist()], numbers, self.offsets)

    def split(self, separator: str) -> "Words":
        """With several words in the place of one that holds the separator."""
        if not any(separator in word.text for word in self.distinct):
            return self
        pieces = [
            [
                Word(text, word.flags & ~FIRST if at else word.flags)
                for at, text in enumerate(word.text.split(separator))
            ]
            for word in self.distinct
        ]
        number = {word: at for at, word in enumerate(dict.fromkeys(chain.from_iterable(pieces)))}
        numbers, offsets = self.expand([[number[piece] for piece in row] for row in pieces])
        return Words(list(number), numbers, offsets)

    def expand(self, lists: Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray]:
        """Puts a list of numbers in the place of each word.

        Args:
            lists: shape [distinct, (any)].

        Returns:
            The numbers, one sentence behind another, and where each sentence begins; int32, as of the words.
        """
        lengths = np.fromiter(map(len, lists), np.int64, len(lists))
        items = np.fromiter(chain.from_iterable(lists), np.int32, int(lengths.sum()))
        running = lengths[self.numbers]
        ends = np.concatenate([[0], np.cumsum(running)])
        first = (np.cumsum(lengths) - lengths)[self.numbers] - ends[:-1]
        return items[np.repeat(first, running) + np.arange(ends[-1])], ends[self.offsets].astype(np.int32)


def occurring(numbers: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Of the numbers below ``size`` those that occur, in order; and for each number which of them it is (int32)."""
    occurs = np.zeros(size, bool)
    occurs[numbers] = True
    return np.flatnonzero(occurs), (np.cumsum(occurs, dtype=np.int32) - 1)[numbers]


def sentence_words(sentences: pa.StringArray, flags: int = 0) -> Words:
    """Sentences, shape [n] → their words; all have ``flags`` besides their own."""
    if len(sentences) < _FEW:
        return Words.of([word.with_text(word.text, flags) for word in text_words(t)] for t in sentences.to_pylist())
    text = pc.utf8_trim(sentences, characters=" ")
    words = pc.split_pattern(text, " ")
    flat, offsets = words.flatten(), words.offsets.to_numpy() - words.offsets[0].as_py()
    # Between two spaces there is no word, and none in an empty sentence.
    full = pc.not_equal(flat, "").to_numpy(zero_copy_only=False)
    if not full.all():
        offsets, flat = np.concatenate([[0], np.cumsum(full)])[offsets], flat.filter(pa.array(full))
    marks = np.full(len(flat), flags, np.int32)
    marks[offsets[:-1][np.diff(offsets) > 0]] |= FIRST
    cased = pc.invert(pc.match_substring_regex(text, _SMALL_WORD))
    for row, sentence in zip(np.flatnonzero(cased).tolist(), text.filter(cased).to_pylist(), strict=True):
        marks[offsets[row] : offsets[row + 1]] |= _case(sentence.split(" "))
    encoded = flat.dictionary_encode()
    used, numbers = occurring(encoded.indices.to_numpy() * _FLAGS + marks, len(encoded.dictionary) * _FLAGS)
    # By numpy, whose strings take a tenth of the time of Arrow's.
    texts = encoded.dictionary.to_numpy(zero_copy_only=False)[used // _FLAGS].tolist()
    distinct = list(map(Word._make, zip(texts, (used % _FLAGS).tolist(), strict=True)))
    return Words(distinct, numbers, offsets.astype(np.int32))


def text_words(text: str) -> list[Word]:
    """The words of one sentence."""
    words = [word for word in text.split(" ") if word]
    case = _case(words)
    return [Word(word, case | FIRST if at == 0 else case) for at, word in enumerate(words)]


def _case(words: Sequence[str]) -> int:
    """``IN_CAPITALS`` or ``IN_TITLE``, if the sentence of these words is so."""
    text = "".join(words)
    if len(words) > 1 and text.isupper() and sum(map(str.isalpha, text)) >= _FEWEST_CAPITALS:
        return IN_CAPITALS
    initials = [next((c for c in word if c.isalnum()), "") for word in words]
    letters = [initial for initial in initials if initial.isalpha()]
    return IN_TITLE if len(letters) >= _FEWEST_IN_TITLE and all(map(str.isupper, letters)) else 0
