"""The ``word`` tokenizer: words, punctuation and clitics, reversible, one Arrow kernel after another.

Four decisions make it reversible and still short in tokens:

- A token that touches its neighbour carries the joiner ``￭`` on that side: ``Yes, sir`` is ``Yes ￭, sir``.
- An apostrophe between letters stays with the clitic: in languages with elision with what stands before it
  (``l'￭ homme``), elsewhere with what follows (``don ￭'t``). Both apostrophes, ``'`` and ``’``, keep their form.
- A non-breaking space belongs to the punctuation beside it (``Oui ￭\\u202f!``): it is typography, not a word.
- A sentence begins with a capital because of its place, not because of the word: the first letter is lowered, and
  raised again by ``detokenize``. A sentence that really begins with a small letter is marked with ``⇩``.
"""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from components.text.blanks import split_at_blanks
from components.text.escape import ESCAPE, escape, unescape

JOINER = "￭"
LOWERCASE_MARK = "⇩"

# Languages in which the shortened word comes first: l'homme, dell'arte, l'home.
ELIDING_LANGUAGES = frozenset({"ca", "co", "fr", "fur", "it", "lij", "lmo", "oc", "pms", "sc", "scn", "vec", "wa"})

# While a sentence is taken apart, control characters stand for what will become joiners and apostrophes.
# `escape` has removed every control character of the text itself before.
_OPEN, _CLOSE, _STRAIGHT, _CURLY = "\x01", "\x02", "\x03", "\x04"
_RESERVED = rf"[\x00-\x1f{JOINER}{LOWERCASE_MARK}{ESCAPE}]"
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
        text = pc.utf8_trim(escape(sentences, _RESERVED), characters=" ")
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
