"""The cleaning rules: one small object each, with a name, the reason it stands for, and a check on whole columns.

Text rules look at the sentences, before duplicates are removed; token rules look at lengths, after tokenizing.
The first rule that a line breaks, in the order of the tables, is the one it is rejected for.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.corpus.parameters import CleaningParameters
from components.errors import InputError
from components.text.normalization import NOT_COMPOSED

# Reasons that no parameter turns off: a line that cannot be read as a pair, or that would spoil the split. A pair whose
# source or target has no token is nothing to learn from; it gets so far where the rule `empty` is off, or where a
# tokenizer drops all that a sentence has.
NOT_UTF8 = "not_utf8"
HELD_OUT = "held_out"
# The pairs in which the model of `filter_model` believes least.
IMPROBABLE = "improbable"
# Counted apart from what is rejected.
DUPLICATE = "duplicate"
# Not a reason to reject but a change: Unicode's composed form, and single spaces.
NORMALIZE = "normalize"
TOO_LONG = "too_long"

_CONTROL = r"[\x00-\x08\x0e-\x1f\x7f\x{80}-\x{84}\x{86}-\x{9f}]"
# The replacement character, and UTF-8 read as Latin-1 or Windows-1252 ("Ã©", "â€™").
_BROKEN = r"\x{fffd}|[ÂÃ][\x{80}-\x{bf}]|â€[\x{98}-\x{bf}\x{2018}-\x{2122}]"
# All of these in one pass, which costs as little as any one of them; few sentences need the single checks.
_NON_NORMALIZED = "|".join((_CONTROL, _BROKEN, NOT_COMPOSED))


@dataclass(frozen=True)
class TextRule:
    """Source and target sentences, shape [n] each → which pairs break the rule, shape [n].

    ``only_non_normalized``: a sentence that :func:`non_normalized` does not find cannot break it.
    """

    name: str
    reason: str
    broken_by: Callable[[pa.StringArray, pa.StringArray, CleaningParameters], pa.BooleanArray]
    only_non_normalized: bool = False


@dataclass(frozen=True)
class TokenRule:
    """Source and target lengths in tokens, shape [n] each → which pairs break the rule, shape [n]."""

    name: str
    reason: str
    broken_by: Callable[[np.ndarray, np.ndarray, CleaningParameters], np.ndarray]


def _either(check: Callable[[pa.StringArray], pa.BooleanArray]) -> Callable[..., pa.BooleanArray]:
    return lambda source, target, cleaning: pc.or_(check(source), check(target))


def _few_letters(side: pa.StringArray, smallest_share: float) -> pa.BooleanArray:
    """Fewer letters than ``smallest_share`` of the characters that are not whitespace.

    Counting by regular expression costs 18 µs a sentence. Counting ASCII's letters in bytes costs a hundredth, and
    settles the matter for whatever is written mostly in them.
    """
    offsets = np.frombuffer(side.buffers()[1], np.int32)[side.offset : side.offset + len(side) + 1]
    text = np.frombuffer(side.buffers()[2] or b"", np.uint8)[offsets[0] : offsets[-1]]
    counted = np.zeros(len(text) + 1, np.int32)
    # In eight bits, whatever is below "a" wraps around and is large.
    np.cumsum((text | 0x20) - np.uint8(ord("a")) < 26, out=counted[1:])
    letters = np.diff(counted[offsets - offsets[0]])
    few = letters < smallest_share * np.diff(offsets)
    if not few.any():
        return pa.array(few)
    doubtful = side.filter(pa.array(few))
    letters = pc.count_substring_regex(doubtful, r"[\pL\pM]").to_numpy()
    characters = pc.count_substring_regex(doubtful, r"[^\s\x{a0}\x{202f}]").to_numpy()
    few[few] = letters < smallest_share * characters
    return pa.array(few)


def _finds(pattern: str) -> Callable[..., pa.BooleanArray]:
    return _either(lambda side: pc.match_substring_regex(side, pattern))


TEXT_RULES = (
    TextRule(
        "empty", "a side is empty or whitespace", _either(lambda side: pc.equal(pc.utf8_trim_whitespace(side), ""))
    ),
    TextRule("control_characters", "control characters", _finds(_CONTROL), only_non_normalized=True),
    TextRule("broken_encoding", "text decoded wrongly", _finds(_BROKEN), only_non_normalized=True),
    TextRule("identical", "source equals target", lambda source, target, cleaning: pc.equal(source, target)),
    TextRule(
        "few_letters",
        "mostly no letters",
        lambda source, target, cleaning: pc.or_(
            _few_letters(source, cleaning.min_letters), _few_letters(target, cleaning.min_letters)
        ),
    ),
)
# A sentence has at least as many tokens as it has words. Most of what is too long is seen by that, and need not be
# shuffled nor tokenized: on canada_laws that is 45 % of the text.
MANY_WORDS = TextRule(
    TOO_LONG,
    "more than max_length words on a side",
    lambda source, target, cleaning: pc.or_(
        *(pc.greater_equal(pc.count_substring(side, " "), cleaning.max_length) for side in (source, target))
    ),
)
NO_TOKENS = TokenRule(
    "no_tokens", "a side has no token", lambda source, target, cleaning: np.minimum(source, target) == 0
)
TOKEN_RULES = (
    TokenRule(
        TOO_LONG,
        "more than max_length tokens on a side",
        lambda source, target, cleaning: np.maximum(source, target) > cleaning.max_length,
    ),
    TokenRule(
        "length_ratio",
        "one side is max_length_ratio times as long as the other",
        lambda source, target, cleaning: (
            np.maximum(source, target) > cleaning.max_length_ratio * np.maximum(np.minimum(source, target), 3)
        ),
    ),
)


def rules_off(cleaning: CleaningParameters) -> frozenset[str]:
    """The names of the rules that are turned off.

    Raises:
        InputError: if one of the names is none.
    """
    names = [NORMALIZE, *(rule.name for rule in TEXT_RULES), DUPLICATE, *(rule.name for rule in TOKEN_RULES)]
    off = cleaning.rules_off.replace(",", " ").split()
    for name in off:
        if name not in names:
            raise InputError(f"rules_off: found {name!r}, must be among {', '.join(names)}")
    return frozenset(off)


def non_normalized(sentences: pa.StringArray) -> np.ndarray:
    """Which sentences :func:`compose` may change, or a rule ``only_non_normalized`` reject; bool, shape [n]."""
    return pc.match_substring_regex(sentences, _NON_NORMALIZED).to_numpy(zero_copy_only=False)


def first_broken(masks: Sequence[np.ndarray], rows: int) -> np.ndarray:
    """For each row the index of the first mask (bool, shape [rows]) that holds, -1 if none does; int8, shape [rows]."""
    broken = np.full(rows, -1, np.int8)
    for index, mask in enumerate(masks):
        broken[(broken < 0) & mask] = index
    return broken
