"""One form for what people type in many, whatever keyboard or editor it is from.

:func:`compose` is for what is kept as text (the corpus, held-out sentences): it changes nothing that a reader would
see. :func:`simplify` is for what the model reads: it also writes typographic variants in one way. Cleaning and the
served model use the same functions.
"""

import re
import unicodedata

import pyarrow as pa
import pyarrow.compute as pc

# RE2 syntax. U+0020 is the space; the others are line and paragraph separators, tabs and further kinds of space.
_BREAKS = r"\t\n\x0b\x0c\r\x{85}\x{2028}\x{2029}"
_OTHER_THAN_SPACE = rf"{_BREAKS}\x{{a0}}\x{{1680}}\x{{2000}}-\x{{200a}}\x{{202f}}\x{{205f}}\x{{3000}}"
_SPACES = rf"[ {_OTHER_THAN_SPACE}]+"
_OTHER_SPACES = rf"^ | $|  |[{_OTHER_THAN_SPACE}]"
# Soft hyphen, zero-width space, word joiner, byte order mark, directional marks: nothing that a reader would see.
# (Zero-width joiners stay: they shape letters and emoji.)
_INVISIBLE = "\u00ad\u200b\u2060\ufeff\u200e\u200f"
_INVISIBLE_PATTERN = r"[\x{ad}\x{200b}\x{2060}\x{feff}\x{200e}\x{200f}]"
# Below U+0300, and among the usual typography and currencies, everything is composed already.
_MAY_BE_DECOMPOSED = r"[\x{300}-\x{2001}\x{2065}-\x{209f}\x{20c0}-\x{10ffff}]"
NOT_COMPOSED = rf"^ | $|  |[{_BREAKS}]|{_INVISIBLE_PATTERN}|{_MAY_BE_DECOMPOSED}"
_RUNS = rf"[ {_BREAKS}]+"

_VARIANTS = str.maketrans(
    {
        **dict.fromkeys("“”„‟«»‶″❝❞〝〞", '"'),
        **dict.fromkeys("‘’‚‛‹›′‵`´ʼ❛❜", "'"),
        **dict.fromkeys("‐‑‒–—―−", "-"),
        "…": "...",
        **dict.fromkeys("•·‣▪", "-"),
        **dict.fromkeys(_INVISIBLE),
        # Ligatures, and the full-width forms of ASCII.
        **{chr(code): unicodedata.normalize("NFKC", chr(code)) for code in range(0xFB00, 0xFB07)},
        **{chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},
    }
)


def compose(sentences: pa.StringArray) -> pa.StringArray:
    """Unicode's composed form (NFC) without invisible characters; runs of spaces and line separators become one space.

    Non-breaking spaces are typography and stay. Costs time in Python: meant for the few sentences, shape [n], in which
    ``NOT_COMPOSED`` is found.
    """
    # Not by Arrow: its utf8_normalize (23.0.1) decomposes where it should compose.
    invisible = dict.fromkeys(map(ord, _INVISIBLE))
    composed = [unicodedata.normalize("NFC", text).translate(invisible) for text in sentences.to_pylist()]
    spaced = pc.replace_substring_regex(pa.array(composed, pa.string()), _RUNS, " ")
    return pc.utf8_trim(spaced, characters=" ")


def single_spaces(sentences: pa.StringArray) -> pa.StringArray:
    """Sentences, shape [n], with one ordinary space for each run of whitespace of any kind, and none at the ends."""
    others = pc.match_substring_regex(sentences, _OTHER_SPACES)
    if not pc.any(others).as_py():
        return sentences
    # A new text for each would take ten times as long as to see that hardly any needs one.
    spaced = pc.replace_substring_regex(sentences.filter(others), _SPACES, " ")
    return pc.replace_with_mask(sentences, others, pc.utf8_trim(spaced, characters=" "))


def simplify(text: str) -> str:
    """A text in composed form with one form of each quote, dash, ellipsis, ligature and full-width character."""
    if text.isascii():
        return text if "`" not in text else text.replace("`", "'")
    return unicodedata.normalize("NFC", text).translate(_VARIANTS)


WHITESPACE = re.compile(r"[^\S\n\r\v\f\x85\u2028\u2029]")
