"""Sentences into tokens and back, a column at a time, and the ways there are to learn a tokenizer.

A sentence is cut at its spaces, and each word for itself (``words`` says how): what becomes of it depends on the word,
on whether it is the sentence's first, and on whether the whole sentence stands in capitals. So each distinct word is
cut once and remembered, and a column costs little more than looking its words up.

A sentence begins with a capital because of its place: that letter is read as a small one and raised again. A sentence
that begins with a small letter is marked by ``⇩``, one all in capitals by ``⇑``, so that its words are those of others.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.errors import InputError
from components.text.inventory import Inventory, Method, byte_pairs, extend, learn, unigram, whole_words
from components.text.normalization import simplify
from components.text.words import (
    ALL_CAPITALS,
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

# In front of a word on its way through a column stands what its tokens depend on besides its letters.
_FIRST, _FIRST_IN_CAPITALS, _IN_CAPITALS, _IN_TITLE, _PLAIN, _PROTECTED = "\x01\x02\x03\x04\x05\x06"
_SIGN_CHARACTERS = _FIRST + _FIRST_IN_CAPITALS + _IN_CAPITALS + _IN_TITLE + _PLAIN + _PROTECTED
_SIGNS = f"[{_FIRST}-{_PROTECTED}]"
# A word that begins with a small letter (for RE2); a sentence without one may be a title.
_SMALL_WORD = r"(?:^| )[^\pL\pN ]*\p{Ll}"
_FEW = 256
# Letters that a sentence needs to be one in capitals: "I." and "OK" say nothing.
_FEWEST_CAPITALS = 4
# Words with letters that a sentence needs to be a title.
_FEWEST_IN_TITLE = 3
# Distinct words that are remembered at a time.
_REMEMBERED = 1 << 20


@dataclass(frozen=True)
class Word:
    """A word of a sentence, as it stands in the text; whether it is the first, and in a sentence all in capitals.

    ``in_title``: each word of the sentence begins with a capital, which therefore says nothing of this one.
    """

    text: str
    first: bool = False
    in_capitals: bool = False
    in_title: bool = False

    @classmethod
    def read(cls, marked: str) -> "Word":
        """The word of one of :func:`sentence_words`."""
        sign = marked[:1]
        if sign in (_FIRST, _FIRST_IN_CAPITALS):
            return cls(marked[1:], True, sign == _FIRST_IN_CAPITALS)
        if sign in (_IN_CAPITALS, _IN_TITLE, _PLAIN):
            return cls(marked[1:], in_capitals=sign == _IN_CAPITALS, in_title=sign == _IN_TITLE)
        return cls(marked)


def protected(marked: str, number: int, begin: int, end: int) -> str:
    """A word of :func:`sentence_words`, to be cut with placeholder ``number`` for the characters ``begin:end``."""
    return f"{_PROTECTED}{number}/{begin}/{end}/{marked}"


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
        self._remembered: dict[str, tuple[str, ...]] = {}

    def tokenize(self, sentences: pa.StringArray) -> pa.ListArray:
        """Sentences, shape [n] → a list of tokens for each, shape [n, (tokens)]; an empty sentence has none."""
        return self.cut(sentence_words(sentences))

    def cut(self, words: pa.ListArray) -> pa.ListArray:
        """What :func:`sentence_words` gives, some words perhaps :func:`protected`, → tokens, shape [n, (tokens)]."""
        running = words.flatten()
        if not isinstance(running, pa.DictionaryArray):
            running = running.dictionary_encode()
        if len(self._remembered) > _REMEMBERED:
            self._remembered.clear()
        cut = [self._remembered.get(word) or self._cut(word) for word in running.dictionary.to_pylist()]
        tokens = pa.array(cut, pa.list_(pa.string())).take(running.indices)
        ends = words.offsets.to_numpy() - words.offsets[0].as_py()
        return pa.ListArray.from_arrays(pa.array(tokens.offsets.to_numpy()[ends]), tokens.flatten())

    def detokenize(self, tokens: Sequence[Sequence[str]]) -> list[str]:
        """The sentences, as many as there are lists of tokens."""
        return [join_sentence(sentence) for sentence in tokens]

    def _cut(self, marked: str) -> tuple[str, ...]:
        tokens = self._remembered[marked] = tuple(self._sentence_tokens(marked))
        return tokens

    def _sentence_tokens(self, marked: str) -> list[str]:
        number = ""
        if marked[:1] == _PROTECTED:
            number, begin, end, marked = marked[1:].split("/", 3)
        word = Word.read(marked)
        placeholder = PLACEHOLDERS[int(number)] if number else ""
        around = [word.text[: int(begin)], word.text[int(end) :]] if number else [word.text]
        if self._simplified:
            around = [simplify(text) for text in around]
        small = False
        if word.in_capitals:
            tokens = self._word_tokens(lower(placeholder.join(around)), placeholder)
            if join(tokens, in_capitals=True) != placeholder.join(around):
                # Bytes have no case.
                tokens = [SPELLED, *spelled(placeholder.join(around))]
            return [ALL_CAPITALS, *tokens] if word.first else tokens
        if word.first:
            # Of a protected word only what stands in front of it may be the first letter.
            around[0], small = lower_first(around[0])
        tokens = self._word_tokens(placeholder.join(around), placeholder)
        return [SMALL, *tokens] if small else tokens

    def _word_tokens(self, word: str, placeholder: str) -> list[str]:
        if word.islower() and word.isalpha():  # Most words.
            return self._letters(word, placeholder)
        tokens: list[str] = []
        for part in parts(word, self._elides):
            tokens += self._letters(part.text, placeholder) if part.letters else self._symbol(part)
        # Signs that mean something here, letters that change their number with their case: rules forget some of them.
        return tokens if join(tokens) == word else [SPELLED, *spelled(word)]

    def _symbol(self, part: Part) -> list[str]:
        left, right = JOINER * part.left, JOINER * part.right
        runs = case_runs(part.text)
        if len(runs) == 1 and (token := left + runs[0][1] + right) in self.inventory and not is_reserved(part.text):
            return [*filter(None, [runs[0][0]]), token]
        tokens = [left, *self._clitic_or_bytes(part.text), right]
        return [token for token in tokens if token]

    def _clitic_or_bytes(self, text: str) -> list[str]:
        """A symbol or clitic without a token of its own."""
        if len(text) > 1 and text[:-1].isalpha():
            return [*self._letters(text[:-1], ""), JOINER, *self._symbol(Part(text[-1], False))]
        if len(text) > 1 and text[1:].isalpha():
            return [*self._symbol(Part(text[0], False)), JOINER, *self._letters(text[1:], "")]
        return [SPELLED, *spelled(text)]

    def _letters(self, text: str, placeholder: str) -> list[str]:
        tokens: list[str] = []
        continues = False
        for mark, letters in case_runs(text):
            if mark:
                tokens.append(mark)
            around = letters.partition(placeholder) if placeholder else (letters,)
            for piece in [
                piece for run in around if run for piece in ([run] if run == placeholder else self.inventory.cut(run))
            ]:
                token = CONTINUES + piece if continues else piece
                if placeholder and piece == placeholder:
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


def sentence_words(sentences: pa.StringArray) -> pa.ListArray:
    """Sentences, shape [n] → their words as :class:`Word` reads them, dictionary-encoded, shape [n, (words)]."""
    if len(sentences) < _FEW:
        # Arrow compiles a pattern at each call, which takes longer than a few sentences do.
        words = pa.array([text_words(text) for text in sentences.to_pylist()], pa.list_(pa.string()))
        return pa.ListArray.from_arrays(words.offsets, words.flatten().dictionary_encode())
    text = pc.utf8_trim(sentences, characters=" ")
    signs = pc.match_substring_regex(text, _SIGNS)
    # Hardly any sentence holds a control character, or is in capitals or a title: those few go the slower way.
    cased = pc.invert(pc.match_substring_regex(text, _SMALL_WORD))
    slow = pc.or_(signs, cased).to_numpy(zero_copy_only=False)
    words = pc.split_pattern(pc.binary_join_element_wise(_FIRST, text, ""), " ")
    flat, offsets = words.flatten(), words.offsets.to_numpy() - words.offsets[0].as_py()
    if slow.any():
        rows = pa.array([text_words(sentence) for sentence in text.filter(pa.array(slow)).to_pylist()], words.type)
        order = np.arange(len(text))
        order[slow] = len(text) + np.arange(len(rows))
        words = pa.concat_arrays([pa.ListArray.from_arrays(pa.array(offsets), flat), rows]).take(pa.array(order))
        flat, offsets = words.flatten(), words.offsets.to_numpy() - words.offsets[0].as_py()
    # Between two spaces there is no word; and the sign alone is an empty sentence.
    empty = pc.or_(pc.equal(flat, ""), pc.equal(flat, _FIRST)).to_numpy(zero_copy_only=False)
    if empty.any():
        kept = np.concatenate([[0], np.cumsum(~empty, dtype=np.int32)])
        offsets, flat = kept[offsets], flat.filter(pa.array(~empty))
    return pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), flat.dictionary_encode())


def text_words(text: str) -> list[str]:
    """The words of one sentence in the form that :class:`Word` reads."""
    words = [word for word in text.split(" ") if word]
    if not words:
        return []
    if len(words) > 1 and text.isupper() and sum(map(str.isalpha, text)) >= _FEWEST_CAPITALS:
        return [_FIRST_IN_CAPITALS + words[0], *(_IN_CAPITALS + word for word in words[1:])]
    first, rest = _FIRST + words[0], words[1:]
    if _is_title(words):
        return [first, *(_IN_TITLE + word for word in rest)]
    return [first, *(_PLAIN + word if word[0] in _SIGN_CHARACTERS else word for word in rest)]


def _is_title(words: Sequence[str]) -> bool:
    """Whether each word that has letters begins with a capital, and there are enough of them to say so."""
    initials = [next((c for c in word if c.isalnum()), "") for word in words]
    letters = [initial for initial in initials if initial.isalpha()]
    return len(letters) >= _FEWEST_IN_TITLE and all(map(str.isupper, letters))


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
    running = sentence_words(sentences).flatten().value_counts()
    words: Counter[str] = Counter()
    for marked, times in zip(running.field("values").to_pylist(), running.field("counts").to_pylist(), strict=True):
        word = Word.read(marked)
        text = simplify(word.text) if simplified else word.text
        words[lower(text) if word.in_capitals else lower_first(text)[0] if word.first else text] += times
    return words


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
