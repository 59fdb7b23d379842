"""Spans that a translation takes over unchanged: addresses, numbers, variables, codes, names, words of another script.

In a text, each stands as a placeholder while it is translated, and is put back by its number. In a training pair those
stand as placeholders that both sides have, so that the model learns where they go.
"""

import re
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.text.inventory import Inventory
from components.text.normalization import simplify
from components.text.tokenizer import Tokenizer, Word, protected, sentence_words
from components.text.words import PLACEHOLDERS, is_capital, lower

# Within a word (what stands between spaces), the first that is found. What ends a sentence is no part of an address.
_SPAN = re.compile(
    r"""
      (?:https?|ftp)://[^\s"<>«»“”]*[^\s"<>«»“”.,;:!?…)\]}'’]        # addresses of the Web
    | www\.[\w-]+\.[^\s"<>«»“”]*[^\s"<>«»“”.,;:!?…)\]}'’]
    | (?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+                        # e-mail
    | \{\{[^{}]*\}\} | \$?\{[^{}]*\} | %\([^()]*\)[a-z] | %(?:\d+\$)?[.\d]*[sdifgxu@](?!\w)   # variables of a program
    | </?[A-Za-z][^<>]*> | &\#?\w+;                                   # markup
    | (?<!\w)[@\#][A-Za-z_]\w+                                        # names and topics of social networks
    | (?<![\w./\\])(?:[A-Za-z]:\\|~?/|\.{1,2}/)[\w./\\-]*\w           # paths
    | (?<![\w-])(?<![\w-]\.)[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|edu|gov|io|fr|ca|eu|uk|
        txt|pdf|docx?|xlsx?|pptx?|csv|tsv|json|xml|html?|ya?ml|toml|ini|cfg|log|md|zip|gz|tar|exe|dll|so|
        png|jpe?g|gif|svg|mp[34]|wav|avi|mov|py|js|ts|java|cpp|c|h|go|rs|sh|sql)(?!\w)         # files and hosts
    | (?<!\w)[A-Za-z]\w*_\w+ | (?<!\w)_\w+                            # identifiers
    | (?<![\w])v?\d+(?:\.\d+){2,}(?:-[A-Za-z0-9.]+)?(?!\w)            # versions
    | (?<!\w)[\#№$€£¥+-]?(?:\d{2,}|\d(?=[.,:/\u00a0\u202f\u2007-]\d))               # numbers
      (?:[.,:/\u00a0\u202f\u2007-]\d+)*(?:[%°€£$]|(?!\w))
    | (?<!\w)(?=[A-Z0-9/_.-]*\d)(?=[A-Z0-9/_.-]*[A-Z])[A-Z0-9]+(?:[-_./][A-Z0-9]+)*(?!\w)      # codes
    | (?<!\w)[A-Z]{2,}(?:[-_/][A-Z0-9]+)+(?!\w)
    """,
    re.VERBOSE,
)
_LETTERS = re.compile(r"(?<!\w)[^\W\d_]+(?:[-'’.][^\W\d_]+)*(?!\w)")
_POSSESSIVE = re.compile(r"['’]s$")
# A number in groups of digits, a variable or a tag with spaces in it is one span; a figure space holds it together
# until it is put back.
_GROUPS = re.compile(r"\{\{?[^{}]{1,80}\}\}?|</?[A-Za-z][^<>]{1,200}>|(?<![\w.,])\d+(?:[.,]\d+)*(?: \d{2,}(?!\w))+")
_GROUP_SPACE = "\u2007"
# What closes a sentence.
_CLOSING = re.compile(r"[\s.!?…\"»”)]*$")
# Letters that a piece must hold, on average, for a word to be one that the model can know something of.
_NAME, _EXPECTED_CAPITAL, _NONSENSE = 4.0, 2.0, 1.34
_SHORTEST_NONSENSE = 4
_WORDS_OF_A_NAME = 3
# Characters of a word; in longer ones nothing is looked for, which would take time that grows with their square.
_LONGEST_WORD = 300


def find_span(word: Word, inventory: Inventory) -> tuple[int, int] | None:
    """Where in a word of a text that stands which is to be copied, if anything is.

    Besides what a pattern describes that is a word which the tokenizer cannot know: of letters that it has not learnt,
    a name or a code (a capital or several, and not known as a word), or what is nothing but single letters to it.
    """
    text = word.text
    if len(text) > _LONGEST_WORD:
        return None
    if found := _SPAN.search(text):
        *_, last = _SPAN.finditer(text)
        return found.start(), last.end()
    simplified = simplify(text)
    found = _LETTERS.search(simplified)
    if not found:
        return _foreign_symbols(text)
    letters = _POSSESSIVE.sub("", found[0])
    if _is_copied(letters, word, inventory):
        return (found.start(), found.start() + len(letters)) if simplified == text else (0, len(text))
    return None


def _foreign_symbols(text: str) -> tuple[int, int] | None:
    """Emoji and the like."""
    foreign = [at for at, character in enumerate(text) if ord(character) > 0x2190 and not character.isalpha()]
    return (foreign[0], foreign[-1] + 1) if foreign else None


def _is_copied(letters: str, word: Word, inventory: Inventory) -> bool:
    small = lower(letters)
    runs = re.split(r"[-'’.]", small)
    if any(character not in inventory for run in runs for character in run):
        return True
    if any(map(is_capital, letters[1:])) and letters.isupper() and not word.in_capitals:
        return not all(_letters_a_piece(run, inventory) == len(run) for run in runs)
    rates = [_letters_a_piece(run, inventory) for run in runs if run]
    longest = max(map(len, runs))
    if is_capital(letters[0]) and not word.in_capitals:
        least = _EXPECTED_CAPITAL if word.first or word.in_title else _NAME
        return any(rate < min(least, len(run)) for rate, run in zip(rates, filter(None, runs), strict=True))
    return inventory.cuts and longest >= _SHORTEST_NONSENSE and max(rates) < _NONSENSE


def _letters_a_piece(run: str, inventory: Inventory) -> float:
    return len(run) / max(1, sum(bool(piece) for piece in inventory.cut(run))) if run else 0.0


class Spans:
    """Finds the spans of texts, and puts placeholders into their words."""

    def __init__(self, tokenizer: Tokenizer):
        self._inventory = tokenizer.inventory
        self._remembered: dict[str, tuple[int, int] | None] = {}

    def _span(self, marked: str) -> tuple[int, int] | None:
        if marked not in self._remembered:
            if len(self._remembered) > 1 << 20:
                self._remembered.clear()
            self._remembered[marked] = find_span(Word.read(marked), self._inventory)
        return self._remembered[marked]

    def protect(self, texts: pa.StringArray) -> tuple[pa.ListArray, list[list[str]]]:
        """Texts, shape [n] → their words, as ``Tokenizer.cut`` takes them, and the spans of each by number."""
        words = sentence_words(pa.array([_grouped(text) for text in texts.to_pylist()], pa.string()))
        rows, spans = [], []
        for row in words.to_pylist():
            found: list[str] = []
            rows.append([word for marked in row for word in self._replaced(marked, found)])
            spans.append([span.replace(_GROUP_SPACE, " ") for span in found])
        return pa.array(rows, pa.list_(pa.string())), spans

    def _replaced(self, marked: str, found: list[str]) -> list[str]:
        span = self._span(marked)
        if span is None or len(found) == len(PLACEHOLDERS):
            return marked.split(_GROUP_SPACE)
        begin, end = span
        found.append(Word.read(marked).text[begin:end])
        return [protected(marked, len(found) - 1, begin, end)]

    def is_name(self, text: str) -> bool:
        """Whether a text is a name: words with a capital each, all of which are names or not known at all.

        Of two or three words the first is enough: Wei Brown is no colour.
        """
        words = [Word(word) for word in text.split()]
        if not words or not all(word.text[0].isupper() for word in words):
            return False
        named = [
            lower(_POSSESSIVE.sub("", word.text)).strip(".,;:") in self._inventory.names
            or find_span(word, self._inventory) is not None
            for word in words
        ]
        return all(named) or (named[0] and len(words) <= _WORDS_OF_A_NAME)

    def protect_pairs(self, source: pa.StringArray, target: pa.StringArray) -> tuple[pa.ListArray, pa.ListArray]:
        """Source and target sentences, shape [n] each → their words, with placeholders for the spans that both have."""
        sides = [sentence_words(side) for side in _both_grouped(source, target)]
        running = [side.flatten() for side in sides]
        has_span = np.array([self._span(marked) is not None for marked in running[0].dictionary.to_pylist()], bool)
        indices = [side.indices.to_numpy() for side in running]
        offsets = [side.offsets.to_numpy() for side in sides]
        hits = has_span[indices[0]]
        before = np.concatenate([[0], np.cumsum(hits)])
        rows = np.flatnonzero(before[offsets[0][1:]] > before[offsets[0][:-1]]).tolist()
        # Lists: a word at a time is ten times slower in Arrow.
        words = [side.dictionary.to_pylist() for side in running]
        changed: tuple[dict[int, str], dict[int, str]] = {}, {}
        for row in rows:
            begin, end = offsets[0][row], offsets[0][row + 1]
            first, last = offsets[1][row], offsets[1][row + 1]
            right = {at: words[1][index] for at, index in enumerate(indices[1][first:last].tolist(), int(first))}
            number = 0
            for at in (begin + np.flatnonzero(hits[begin:end])).tolist()[: len(PLACEHOLDERS)]:
                marked = words[0][indices[0][at]]
                span_begin, span_end = self._span(marked)  # type: ignore[misc]
                text = Word.read(marked).text[span_begin:span_end]
                if (place := _find(text, right)) is None:
                    continue
                other, other_begin = place
                changed[0][at] = protected(marked, number, span_begin, span_end)
                changed[1][other] = protected(right.pop(other), number, other_begin, other_begin + len(text))
                number += 1
        return _with(sides[0], changed[0]), _with(sides[1], changed[1])


def _find(text: str, words: dict[int, str]) -> tuple[int, int] | None:
    """The first word that holds a span, apart from other letters and digits, and where in its text it begins."""
    for at, marked in words.items():
        if text in marked:
            word = Word.read(marked).text
            begin = word.find(text)
            before, after = word[max(begin - 1, 0) : begin], word[begin + len(text) : begin + len(text) + 1]
            if (
                begin >= 0
                and not (before.isalnum() and text[0].isalnum())
                and not (after.isalnum() and text[-1].isalnum())
            ):
                return at, begin
    return None


def _with(words: pa.ListArray, changed: dict[int, str]) -> pa.ListArray:
    if not changed:
        return words
    running = words.flatten()
    dictionary, indices = running.dictionary.to_pylist(), running.indices.to_numpy().copy()
    for at, word in changed.items():
        indices[at] = len(dictionary)
        dictionary.append(word)
    encoded = pa.DictionaryArray.from_arrays(pa.array(indices), pa.array(dictionary, pa.string()))
    return pa.ListArray.from_arrays(words.offsets, encoded)


def _both_grouped(source: pa.StringArray, target: pa.StringArray) -> tuple[pa.StringArray, pa.StringArray]:
    """The sentences with a figure space within each number of several groups that both sides have."""
    held = pc.match_substring_regex(source, r"\d \d\d|[{<][^{}<>]* ")
    if not pc.any(held).as_py():
        return source, target
    changed: tuple[list[str], list[str]] = [], []
    for first, second in zip(source.filter(held).to_pylist(), target.filter(held).to_pylist(), strict=True):
        for number in sorted({found[0] for found in _GROUPS.finditer(first)}, key=len, reverse=True):
            if number in second:
                first, second = (side.replace(number, number.replace(" ", _GROUP_SPACE)) for side in (first, second))
        changed[0].append(first)
        changed[1].append(second)
    return tuple(
        pc.replace_with_mask(side, held, pa.array(texts, pa.string()))
        for side, texts in zip((source, target), changed, strict=True)
    )


def _grouped(text: str) -> str:
    return _GROUPS.sub(lambda found: found[0].replace(" ", _GROUP_SPACE), text) if " " in text else text


def with_placeholders(sentences: pa.StringArray) -> pa.ListArray:
    """Sentences, shape [n], in which placeholders stand → their words, as ``Tokenizer.cut`` takes them."""
    return pa.array(
        [[_as_placeholder(marked) for marked in row] for row in sentence_words(sentences).to_pylist()],
        pa.list_(pa.string()),
    )


def _as_placeholder(marked: str) -> str:
    if not any(placeholder in marked for placeholder in PLACEHOLDERS):
        return marked
    text = Word.read(marked).text
    at = next(at for at, character in enumerate(text) if character in PLACEHOLDERS)
    return protected(marked, PLACEHOLDERS.index(text[at]), at, at + 1)


def restore(text: str, spans: Sequence[str]) -> str:
    """The text with each span in the place of its placeholder, each exactly once.

    A placeholder that stands there twice, or that stands for nothing, goes. A span whose placeholder is missing goes to
    the end, in front of what closes the sentence.
    """
    wanted = dict(zip(PLACEHOLDERS, spans, strict=False))
    kept, seen = "", set()
    for character in text:
        if character in PLACEHOLDERS and (character not in wanted or character in seen):
            kept = kept.rstrip(" ")
        else:
            kept += character
            seen.add(character)
    if missing := [placeholder for placeholder in wanted if placeholder not in seen]:
        closing = _CLOSING.search(kept)
        at = closing.start() if closing else len(kept)
        kept = " ".join(filter(None, [kept[:at], *missing])) + kept[at:]
    return "".join(wanted.get(character, character) for character in kept)
