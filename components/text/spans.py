"""Spans that a translation takes over unchanged: addresses, numbers, variables, codes, names, words of another script.

In a text, each stands as a placeholder while it is translated, and is put back by its number. In a training pair those
stand as placeholders that both sides have, so that the model learns where they go.
"""

import re
from collections.abc import Sequence
from itertools import groupby, islice
from operator import itemgetter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.text.inventory import Inventory
from components.text.normalization import simplify
from components.text.sentences import FIRST, IN_CAPITALS, IN_TITLE, WITH_PLACEHOLDERS, Word, Words, sentence_words
from components.text.tokenizer import Tokenizer
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
    | (?<!\w)[\#№$€£¥+-]?(?:\d{2,}|\d(?=[.,:/\u00a0\u202f\u2007\x1f-]\d))               # numbers
      (?:[.,:/\u00a0\u202f\u2007\x1f-]\d+)*(?:[%°€£$]|(?!\w))
    | (?<!\w)(?=[A-Z0-9/_.-]*\d)(?=[A-Z0-9/_.-]*[A-Z])[A-Z0-9]+(?:[-_./][A-Z0-9]+)*(?!\w)      # codes
    | (?<!\w)[A-Z]{2,}(?:[-_/][A-Z0-9]+)+(?!\w)
    """,
    re.VERBOSE,
)
_AROUND_WORDS = ".,;:!?()'\"’«»“”\u00a0\u202f"
_LETTERS = re.compile(r"(?<!\w)[^\W\d_]+(?:[-'’.][^\W\d_]+)*(?!\w)")
_POSSESSIVE = re.compile(r"['’]s$")
# A number in groups of digits, a variable or a tag with spaces in it is one span; a control character, which no text
# holds, keeps it together.
_GROUPS = re.compile(r"\{\{?[^{}]{1,80}\}\}?|</?[A-Za-z][^<>]{1,200}>|(?<![\w.,])\d+(?:[.,]\d+)*(?: \d{2,}(?!\w))+")
_GROUP_SPACE = "\x1f"
# What closes a sentence.
_CLOSING = re.compile(r"[\s.!?…\"»”)]*$")
# Letters that a piece must hold, on average, for a word to be one that the model can know something of.
_NAME, _EXPECTED_CAPITAL, _NONSENSE = 4.0, 2.0, 1.34
_SHORTEST_NONSENSE = 4
_WORDS_OF_A_NAME = 3
# In a text, these letters are no placeholders: a word that holds one is copied.
_OWN_PLACEHOLDERS = frozenset(PLACEHOLDERS)
# Characters of a word; in longer ones nothing is looked for, which would take time that grows with their square.
_LONGEST_WORD = 300
# Distinct words that are remembered at a time.
_REMEMBERED = 1 << 20


def find_span(word: Word, inventory: Inventory) -> tuple[int, int] | None:
    """Where in a word of a text that stands which is to be copied, if anything is.

    Besides what a pattern describes that is a word which the tokenizer cannot know: of letters that it has not learnt,
    a name or a code (a capital or several, and not known as a word), or what is nothing but single letters to it.
    """
    text = word.text
    if not text.isascii() and not _OWN_PLACEHOLDERS.isdisjoint(text):
        return 0, len(text)
    if len(text) > _LONGEST_WORD:
        return None
    # In letters, and what may stand around a word, there is nothing to be found.
    if not text.strip(_AROUND_WORDS).isalpha() and (found := _SPAN.search(text)):
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
    runs = [small] if small.isalpha() else re.split(r"[-'’.]", small)
    if not all(map(inventory.spells, runs)):
        return True
    in_capitals = bool(word.flags & IN_CAPITALS)
    if letters.isupper() and any(map(is_capital, letters[1:])) and not in_capitals:
        return not all(_letters_a_piece(run, inventory) == len(run) for run in runs)
    if is_capital(letters[0]) and not in_capitals:
        least = _EXPECTED_CAPITAL if word.flags & (FIRST | IN_TITLE) else _NAME
        return any(_letters_a_piece(run, inventory) < min(least, len(run)) for run in runs if run)
    if not inventory.cuts or max(map(len, runs)) < _SHORTEST_NONSENSE:
        return False
    return max(_letters_a_piece(run, inventory) for run in runs if run) < _NONSENSE


def _letters_a_piece(run: str, inventory: Inventory) -> float:
    return len(run) / max(1, sum(map(bool, inventory.cut(run)))) if run else 0.0


class Spans:
    """Finds the spans of texts, and puts placeholders into their words."""

    def __init__(self, tokenizer: Tokenizer):
        self._inventory = tokenizer.inventory
        self._remembered: dict[Word, tuple[int, int] | None] = {}

    def _span(self, word: Word) -> tuple[int, int] | None:
        if word not in self._remembered:
            if len(self._remembered) > _REMEMBERED:
                self._remembered.clear()
            self._remembered[word] = find_span(word, self._inventory)
        return self._remembered[word]

    def protect(self, texts: pa.StringArray) -> tuple[Words, list[list[str]]]:
        """Texts, shape [n] → their words with placeholders for spans, and the spans of each by number."""
        rows, spans = [], []
        for row in sentence_words(pa.array([_grouped(text) for text in texts.to_pylist()], pa.string())).rows():
            found: list[str] = []
            rows.append([self._replaced(word, found) for word in row])
            spans.append([span.replace(_GROUP_SPACE, " ") for span in found])
        return Words.of(rows).split(_GROUP_SPACE), spans

    def _replaced(self, word: Word, found: list[str]) -> Word:
        span = self._span(word)
        if span is None or len(found) == len(PLACEHOLDERS):
            return word
        begin, end = span
        found.append(word.text[begin:end])
        return _with_placeholder(word, len(found) - 1, begin, end)

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

    def protect_pairs(self, source: pa.StringArray, target: pa.StringArray) -> tuple[Words, Words]:
        """Source and target sentences, shape [n] each → their words, with placeholders for the spans that both have."""
        sources, targets = (sentence_words(side) for side in _both_grouped(source, target))
        spans = [self._span(word) for word in sources.distinct]
        hits = np.flatnonzero(np.array([span is not None for span in spans], bool)[sources.numbers])
        rows = np.searchsorted(sources.offsets, hits, "right") - 1
        # Lists: a number at a time is slow in numpy.
        found = zip(rows.tolist(), hits.tolist(), sources.numbers[hits].tolist(), strict=True)
        which, ends = targets.numbers.tolist(), targets.offsets.tolist()
        texts = [word.text for word in targets.distinct]
        changed: tuple[dict[int, Word], dict[int, Word]] = {}, {}
        for row, places in groupby(found, itemgetter(0)):
            first, number = ends[row], 0
            others = [texts[other] for other in which[first : ends[row + 1]]]
            for _, at, which_word in islice(places, len(PLACEHOLDERS)):
                word, (begin, end) = sources.distinct[which_word], spans[which_word]
                if (place := _find(word.text[begin:end], others)) is None:
                    continue
                other, other_begin = place
                changed[0][at] = _with_placeholder(word, number, begin, end)
                other_word, other_end = targets.distinct[which[first + other]], other_begin + end - begin
                changed[1][first + other] = _with_placeholder(other_word, number, other_begin, other_end)
                others[other] = ""
                number += 1
        source_words, target_words = (
            side.replace(list(new), list(new.values())).split(_GROUP_SPACE)
            for side, new in zip((sources, targets), changed, strict=True)
        )
        return source_words, target_words


def _with_placeholder(word: Word, number: int, begin: int, end: int) -> Word:
    """The word with placeholder ``number`` for the characters ``begin:end``."""
    return word.with_text(word.text[:begin] + PLACEHOLDERS[number] + word.text[end:], WITH_PLACEHOLDERS)


def _find(text: str, words: Sequence[str]) -> tuple[int, int] | None:
    """The first word that holds a span, apart from other letters and digits, and where in the word it begins."""
    for at, word in enumerate(words):
        if text in word:
            begin = word.find(text)
            before, after = word[max(begin - 1, 0) : begin], word[begin + len(text) : begin + len(text) + 1]
            if not (before.isalnum() and text[0].isalnum()) and not (after.isalnum() and text[-1].isalnum()):
                return at, begin
    return None


def _both_grouped(source: pa.StringArray, target: pa.StringArray) -> tuple[pa.StringArray, pa.StringArray]:
    """The sentences, each number of several groups, variable or tag that both sides have held together."""
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
