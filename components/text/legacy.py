"""The tokenizers of models and datasets made before case was a feature, so that these answer as they did.

``word``: a token that touches its neighbour carries the joiner ``￭``; the first letter is lowered, ``⇩`` marks a
sentence that begins with a small one. ``sentencepiece`` and ``sentencepiece-bpe``: pieces of a model; ``▁`` begins a
word. Characters that a tokenizer needs for itself are written ``␛hex;``.
"""

import re
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.text.words import ELIDING_LANGUAGES

ESCAPE = "␛"
_ESCAPED = re.compile(rf"{ESCAPE}([0-9a-f]+);")


def escape(sentences: pa.StringArray, reserved: str) -> pa.StringArray:
    """The sentences with every character that the pattern ``reserved`` finds escaped; hardly any sentence holds one.

    Args:
        sentences: shape [n].
        reserved: a regular expression that means the same to RE2 and to Python; it must find ``ESCAPE`` itself.
    """
    held = pc.fill_null(pc.match_substring_regex(sentences, reserved), False)
    if not pc.any(held).as_py():
        return sentences
    escaped = [re.sub(reserved, _spelled, text) for text in sentences.filter(held).to_pylist()]
    return pc.replace_with_mask(sentences, held, pa.array(escaped, sentences.type))


def unescape(text: str) -> str:
    """What :func:`escape` was given."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def _spelled(found: re.Match[str]) -> str:
    return "".join(f"{ESCAPE}{ord(character):x};" for character in found[0])


def split_at_blanks(text: pa.StringArray) -> pa.ListArray:
    """Sentences, shape [n] → what stands between blanks, shape [n, (words)]; no word is empty."""
    words = pc.split_pattern(text, " ")
    flat = words.flatten()
    full = pc.not_equal(flat, "").to_numpy(zero_copy_only=False)
    if full.all():
        return words
    kept = np.concatenate([[0], np.cumsum(full, dtype=np.int32)])
    offsets = kept[words.offsets.to_numpy() - words.offsets[0].as_py()].astype(np.int32)
    return pa.ListArray.from_arrays(offsets, flat.filter(pa.array(full)))


JOINER = "￭"
LOWERCASE_MARK = "⇩"


# While a sentence is taken apart, control characters stand for what will become joiners and apostrophes.
# `escape` has removed every control character of the text itself before.
_OPEN, _CLOSE, _STRAIGHT, _CURLY = "\x01", "\x02", "\x03", "\x04"
_WORD_RESERVED = rf"[\x00-\x1f{JOINER}{LOWERCASE_MARK}{ESCAPE}]"
# RE2 syntax. Whatever is neither blank nor part of a word is a symbol; non-breaking spaces go with one where they can.
_NON_BREAKING = "\u00a0\u202f"
_LETTER, _LETTER_OR_MARK = r"\p{L}", r"[\p{L}\p{M}]"
_SYMBOL = (
    rf"«[{_NON_BREAKING}]+|[{_NON_BREAKING}]*[^ \x01-\x04\p{{L}}\p{{M}}\p{{N}}_{_NON_BREAKING}]|[{_NON_BREAKING}]+"
)
# The same where there is nothing but ASCII. Arrow compiles a pattern at each call, and Unicode's classes take 1.5 ms
# each: for a single sentence, which a server is asked for, that is ten times all the rest of this.
_ASCII_LETTER, _ASCII_SYMBOL = "[A-Za-z]", r"[^ \x01-\x04A-Za-z0-9_]"
_APOSTROPHES = (("'", _STRAIGHT), ("’", _CURLY))


class WordTokenizer:
    """See the module; ``language`` (an ISO 639 code) decides on which side of a clitic the apostrophe stands."""

    def __init__(self, language: str):
        elides = language in ELIDING_LANGUAGES
        self._clitic = rf"\1{{}}{_CLOSE}\2" if elides else rf"\1{_OPEN}{{}}\2"

    def tokenize(self, sentences: pa.StringArray) -> pa.ListArray:
        """Sentences, shape [n] → a list of tokens for each, shape [n, (tokens)]; an empty sentence has none."""
        text = pc.utf8_trim(escape(sentences, _WORD_RESERVED), characters=" ")
        text = _lower_first_letter(text)
        ascii_only = pc.all(pc.string_is_ascii(text)).as_py()
        before, after = (_ASCII_LETTER, _ASCII_LETTER) if ascii_only else (_LETTER_OR_MARK, _LETTER)
        for apostrophe, stand_in in _APOSTROPHES:
            if pc.any(pc.match_substring(text, apostrophe)).as_py():
                clitic = self._clitic.format(stand_in)
                text = pc.replace_substring_regex(text, f"({before}){apostrophe}({after})", clitic)
        # \0, the whole match: a group that captures would take RE2 twice the time.
        text = pc.replace_substring_regex(text, _ASCII_SYMBOL if ascii_only else _SYMBOL, rf"{_OPEN}\0{_CLOSE}")
        text = pc.utf8_trim(text, characters=_OPEN + _CLOSE)
        for pattern, replacement in (
            (" " + _OPEN, " "),
            (_CLOSE + " ", " "),
            (_CLOSE + _OPEN, " " + JOINER),  # Between two symbols one joiner is enough.
            (_OPEN, " " + JOINER),
            (_CLOSE, JOINER + " "),
            (_STRAIGHT, "'"),
            (_CURLY, "’"),
        ):
            text = pc.replace_substring(text, pattern, replacement)
        return split_at_blanks(text)

    def detokenize(self, tokens: Sequence[Sequence[str]]) -> list[str]:
        """The sentences, as many as there are lists of tokens. Joiners that join nothing vanish."""
        return [_join(sentence) for sentence in tokens]


def _lower_first_letter(text: pa.StringArray) -> pa.StringArray:
    """The first letter lowered where that can be undone; ``⇩`` before a sentence that begins with a small letter."""
    first = pc.utf8_slice_codeunits(text, 0, 1)
    lowered = pc.utf8_lower(first)
    begins_small = pc.not_equal(pc.utf8_upper(first), first)
    # NATO stays as it is: its capitals are its own.
    acronym = pc.utf8_is_upper(pc.utf8_slice_codeunits(text, 1, 2))
    lowerable = pc.and_(pc.equal(pc.utf8_upper(lowered), first), pc.invert(acronym))
    first = pc.if_else(lowerable, lowered, first)
    first = pc.if_else(begins_small, pc.binary_join_element_wise(LOWERCASE_MARK, first, " "), first)
    return pc.binary_join_element_wise(first, pc.utf8_slice_codeunits(text, 1), "")


def _join(tokens: Sequence[str]) -> str:
    marked = bool(tokens) and tokens[0] == LOWERCASE_MARK
    text = " ".join(tokens[1:] if marked else tokens)
    text = text.replace(" " + JOINER, "").replace(JOINER + " ", "").replace(JOINER, "")
    if not marked:
        text = text[:1].upper() + text[1:] if len(text[:1].upper()) == 1 else text
    return unescape(text)


WORD_BEGIN = "▁"
_PIECE_RESERVED = rf"[\x00-\x1f\x7f▅{WORD_BEGIN}{ESCAPE}]|<(?:pad|unk|sos|eos)>"


class PieceTokenizer:
    """Pieces that ``model``, one of sentencepiece, cuts words into.

    Raises:
        ValueError: if the model is none.
    """

    def __init__(self, model: bytes):
        from sentencepiece import SentencePieceProcessor  # Late: who works with words does without.

        self._processor = SentencePieceProcessor()
        try:
            self._processor.load_from_serialized_proto(model)
        except RuntimeError:
            raise ValueError("is no sentencepiece model") from None

    def tokenize(self, sentences: pa.StringArray) -> pa.ListArray:
        """Sentences, shape [n] → a list of pieces for each, shape [n, (pieces)]; an empty sentence has none."""
        words = split_at_blanks(escape(sentences, _PIECE_RESERVED))
        running = words.flatten().dictionary_encode()
        # One thread: two take as long. The time goes into Python's strings, which one thread at a time can make.
        cut = self._processor.encode(running.dictionary.to_pylist(), out_type=str, num_threads=1)
        pieces = pa.array(cut, pa.list_(pa.string())).take(running.indices)
        ends = words.offsets.to_numpy() - words.offsets[0].as_py()
        return pa.ListArray.from_arrays(pa.array(pieces.offsets.to_numpy()[ends]), pieces.flatten())

    def detokenize(self, tokens: Sequence[Sequence[str]]) -> list[str]:
        """The sentences, as many as there are lists of pieces. Word beginnings without a word vanish."""
        words = ("".join(sentence).split(WORD_BEGIN) for sentence in tokens)
        return [unescape(" ".join(filter(None, sentence))) for sentence in words]


def make_tokenizer(name: str, language: str, learnt: bytes) -> WordTokenizer | PieceTokenizer:
    """The tokenizer of that name for a language, with what it had learnt, if it learnt.

    Raises:
        ValueError: if it cannot have learnt that.
    """
    return WordTokenizer(language) if name == "word" else PieceTokenizer(learnt)
