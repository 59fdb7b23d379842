"""Where a translation and its reference differ, word by word."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

_WORDS = re.compile(r"\w+|[^\w\s]|\s+")


@dataclass(frozen=True)
class Span:
    """A stretch of text; ``differs`` if the other side has something else there, or nothing."""

    text: str
    differs: bool


def differences(reference: str, translation: str) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """Both texts as spans; joined, the spans of each are the text."""
    sides = _WORDS.findall(reference), _WORDS.findall(translation)
    spans: tuple[list[Span], list[Span]] = ([], [])
    matcher = SequenceMatcher(None, *sides, autojunk=False)
    for kind, begin_a, end_a, begin_b, end_b in matcher.get_opcodes():
        for side, words, begin, end in zip(spans, sides, (begin_a, begin_b), (end_a, end_b), strict=True):
            if begin < end:
                side.append(Span("".join(words[begin:end]), kind != "equal"))
    return tuple(spans[0]), tuple(spans[1])
