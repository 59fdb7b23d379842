"""A word into the tokens that it is written with, and tokens back into text.

    isn't → isn ￭'t      Jessica → ⇧ jess ‿ica      (U-Bahn → (￭ ⇧ u ￭-￭ ⇧ bahn      McDonald → ⇧ mc ⇧ ‿donald

- A token that touches its neighbour carries the joiner ``￭`` on that side; a piece that continues a word begins with
  ``‿``.
- Letters are small. ``⇧`` in front: the first letter is a capital; ``⇪``: all are. In a mixed word marks stand inside,
  and ``⇩`` ends capitals.
- An apostrophe between letters stays with the clitic: in languages with elision with what stands before it
  (``l'￭ homme``), elsewhere with what follows (``isn ￭'t``).
- A non-breaking space belongs to the punctuation beside it (``oui ￭\\u202f!``).
- What has no token is written as its UTF-8 bytes, ``<0xE2> <0x82> <0xAC>``; where a word begins so, behind ``▯``.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

JOINER, CONTINUES, SPELLED = "￭", "‿", "▯"
CAPITAL, CAPITALS, SMALL, ALL_CAPITALS = "⇧", "⇪", "⇩", "⇑"
BYTES = tuple(f"<0x{byte:02X}>" for byte in range(256))
# To the rules below they are letters, of a script (Linear B) that no corpus is in.
PLACEHOLDERS = tuple(map(chr, range(0x10000, 0x1000A)))
# What every vocabulary holds, whether its corpus uses it or not.
ALWAYS = (JOINER, SPELLED, CAPITAL, CAPITALS, SMALL, ALL_CAPITALS, *PLACEHOLDERS, *BYTES)

# Languages in which the shortened word comes first: l'homme, dell'arte, l'home.
ELIDING_LANGUAGES = frozenset({"ca", "co", "fr", "fur", "it", "lij", "lmo", "oc", "pms", "sc", "scn", "vec", "wa"})
_LETTER, _SPACE = r"[^\W\d_]", r"[\u00a0\u202f]"
_SYMBOL = rf"(?P<S>{_SPACE}*(?:«{_SPACE}*|[^\w\u00a0\u202f])|{_SPACE}+)"
# By whether the language elides.
_PARTS = {
    True: re.compile(rf"(?P<L>\w*{_LETTER}['’](?={_LETTER}))|(?P<W>\w+)|{_SYMBOL}"),
    False: re.compile(rf"(?P<W>\w+)|(?P<R>(?<={_LETTER})['’](?={_LETTER})\w+)|{_SYMBOL}"),
}
_CLOSING = ".,;:)"
# No letter, digit or sign of what is usual.
_MAY_BE_MARK = re.compile(r"[^\w\x00-\u02ff\u2000-\u20cf\u2100-\u2bff]")
_RESERVED = frozenset((JOINER, CONTINUES, SPELLED, CAPITAL, CAPITALS, SMALL, ALL_CAPITALS, *PLACEHOLDERS))
_BYTE = {token: byte for byte, token in enumerate(BYTES)}
_CASES = frozenset((CAPITAL, CAPITALS, SMALL))
# Of a word as a string of U (capital) and o (anything else).
_CASE_RUNS = re.compile("UU+|Uo*|o+")


class Part(NamedTuple):
    """A stretch of a word: ``letters`` (digits and underscores among them), or a symbol, or a clitic.

    ``left`` and ``right`` say whether its token carries the joiner to its neighbour on that side.
    """

    text: str
    letters: bool
    left: bool = False
    right: bool = False


def is_capital(character: str) -> bool:
    """Whether a character is a capital whose small letter leads back to it."""
    small = character.lower()
    return small != character and len(small) == 1 and small.upper() == character


def is_small(character: str) -> bool:
    """Whether a character is a small letter whose capital leads back to it."""
    capital = character.upper()
    return capital != character and len(capital) == 1 and capital.lower() == character


def parts(word: str, elides: bool) -> list[Part]:
    """A word, without ordinary spaces, in the stretches that have tokens of their own; ``elides``: see the module."""
    if word.isalnum():
        return [Part(word, True)]
    if word[:-1].isalpha() and word[-1] in _CLOSING:  # A word and its comma: many.
        return [Part(word[:-1], True), Part(word[-1], False, left=True)]
    # Marks of scripts belong to letters.
    shape = word if word.isascii() else _MAY_BE_MARK.sub(_mark_as_letter, word)
    # Kind (W: letters, S: symbol, L and R: a clitic of what follows, or of what precedes) and text.
    found = [(str(part.lastgroup), word[part.start() : part.end()]) for part in _PARTS[elides].finditer(shape)]
    kinds = ["", *(kind for kind, _ in found), ""]
    return [
        Part(
            text,
            kind == "W",
            left=kind == "R" or (kind == "S" and before in ("W", "R", "S")),
            right=kind == "L" or (kind == "S" and after in ("W", "L")),
        )
        for (kind, text), before, after in zip(found, kinds, kinds[2:], strict=False)
    ]


def _mark_as_letter(found: re.Match[str]) -> str:
    return "x" if unicodedata.category(found[0])[0] == "M" else found[0]


def case_runs(text: str) -> list[tuple[str, str]]:
    """(mark, letters in small) of the stretches of a text that have the same case; the mark may be empty."""
    if text.islower() or not any(map(is_capital, text)):
        return [("", text)]
    if is_capital(text[0]) and text[1:].islower():  # Most of them.
        return [(CAPITAL, text[0].lower() + text[1:])]
    cased = [character for character in text if is_capital(character) or is_small(character)]
    lowered = lower(text)
    if is_capital(cased[0]) and not any(map(is_capital, cased[1:])):
        return [(CAPITAL, lowered)]
    if all(map(is_capital, cased)):
        return [(CAPITALS, lowered)]
    found = []
    after_capitals = False
    for run in _CASE_RUNS.finditer("".join("U" if is_capital(character) else "o" for character in text)):
        mark = CAPITALS if run[0].startswith("UU") else CAPITAL if run[0][0] == "U" else SMALL if after_capitals else ""
        found.append((mark, lowered[run.start() : run.end()]))
        after_capitals = mark == CAPITALS
    return found


def lower(text: str) -> str:
    """The text with small letters for the capitals that can be raised again."""
    if text.isascii():
        return text.lower()
    return "".join(character.lower() if is_capital(character) else character for character in text)


def raised(text: str) -> str:
    """What :func:`lower` was given, if that was all capitals."""
    return "".join(character.upper() if is_small(character) else character for character in text)


def lower_first(word: str) -> tuple[str, bool]:
    """A sentence's first word with a small first letter; whether it begins with a small letter of its own.

    NATO stays as it is: its capitals are its own.
    """
    for at, character in enumerate(word):
        if is_small(character):
            return word, True
        if is_capital(character):
            if word[at + 1 : at + 2].isupper():
                break
            return word[:at] + character.lower() + word[at + 1 :], False
    return word, False


def raise_first(text: str) -> str:
    """The first letter of the text's first word raised."""
    for at, character in enumerate(text):
        if character == " " or is_capital(character):
            break
        if is_small(character):
            return text[:at] + character.upper() + text[at + 1 :]
    return text


def spelled(text: str) -> Iterator[str]:
    """The bytes of a text."""
    return (BYTES[byte] for byte in text.encode("utf-8", "replace"))


def is_reserved(text: str) -> bool:
    """Whether a text would be taken for one of the signs that mean something here."""
    return text in _RESERVED


@lru_cache(maxsize=1 << 17)
def _read(token: str) -> tuple[str, bool, bool, bool]:
    """A token's text; whether it continues a word; whether it touches what is to its left, and to its right."""
    if token.startswith(CONTINUES):
        return token[1:], True, False, False
    left, right = token.startswith(JOINER), token.endswith(JOINER) and len(token) > 1
    return "" if token == SPELLED else token[left : len(token) - right], False, left, right


def join(tokens: Iterable[str], in_capitals: bool = False) -> str:
    """The text of some tokens, whatever they are; marks, joiners and bytes that mean nothing there vanish."""
    texts: list[str] = []
    raw = bytearray()
    touches, case, pending = True, "", ""
    for token in tokens:
        if (byte := _BYTE.get(token)) is not None:
            raw.append(byte)
            continue
        if raw:
            texts.append(raw.decode("utf-8", "replace"))
            raw.clear()
        if token in _CASES:
            pending = token
            continue
        if token == JOINER:
            touches = True
            continue
        text, continues, left, right = _read(token)
        if not continues:
            if not (touches or left):
                texts.append(" ")
            touches, case = right, pending
        elif pending:
            case = pending
        pending = ""
        if in_capitals or case == CAPITALS:
            text = raised(text)
        elif case == CAPITAL:
            for at, character in enumerate(text):
                if is_small(character):
                    text, case = text[:at] + character.upper() + text[at + 1 :], ""
                    break
        texts.append(text)
    if raw:
        texts.append(raw.decode("utf-8", "replace"))
    return "".join(texts)


def join_sentence(tokens: Sequence[str]) -> str:
    """The sentence of some tokens: :func:`join`, and the capital that a sentence begins with."""
    if tokens and tokens[0] == ALL_CAPITALS:
        return join(tokens[1:], in_capitals=True)
    if tokens and tokens[0] == SMALL:
        return join(tokens[1:])
    return raise_first(join(tokens))


def is_translatable(tokens: Sequence[str]) -> bool:
    """Whether a sentence holds anything besides placeholders, marks and symbols."""
    return any(token.strip(JOINER + CONTINUES)[:1].isalnum() and token not in PLACEHOLDERS for token in tokens)


def known_words(tokens: Sequence[str], spans: Sequence[str]) -> tuple[int, int]:
    """How many words of a sentence have a token of their own, and how many words there are, copied ones among them."""
    known = total = 0
    for token, following in zip(tokens, [*tokens, ""][1:], strict=True):
        if token in PLACEHOLDERS:
            total += spans[PLACEHOLDERS.index(token)].isalpha()
        elif token == SPELLED or token[:1].isalpha():
            total += 1
            known += token != SPELLED and not following.startswith(CONTINUES)
    return known, total


def readable(token: str) -> str:
    """A token for a person to look at: without the signs of joining, unless it is nothing else."""
    if token in PLACEHOLDERS:
        return f"[{PLACEHOLDERS.index(token)}]"
    return token.replace(JOINER, "").replace(CONTINUES, "").replace("▁", "") or token
