"""A text taken apart into what the model translates one by one, and put together again.

Everything between the sentences (spaces, line breaks, indentation) is kept as it is, so that the translation of a
text has the lines and paragraphs of the text. So are quotation marks and parentheses around a sentence, and the bullet
or number of a list item. Who speaks ("Jessica Okonkwo: …") is a piece of its own.
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import sentencex

# No pattern here begins with a repetition of whitespace: on a megabyte of spaces that would take quadratic time.
_LINE_BREAK = re.compile("([\n\r\v\f\x85\u2028\u2029]+)")
# A line that was wrapped by an editor: it is long, ends in the middle of a sentence, and the next one goes on in small
# letters. Shorter lines are taken for verses, list items or headings.
_WRAPPED = re.compile(r"(?<=[^\n\r]{40})(?<=[\w,;])[ \t]*\r?\n[ \t]*(?=[a-zß-öø-ÿ])")
# One to one, so that what was found in the text with ordinary spaces is found in the text itself.
_SPACE = re.compile(r"[^\S \n\r\v\f\x85\u2028\u2029]")
_AROUND = {"“": "”", "„": "“", "«": "»", "‹": "›", "‘": "’", '"': '"', "'": "'", "(": ")", "[": "]"}
_BULLET = re.compile(r"(?:[-–—*•·▪‣]|\d{1,3}[.)]|[a-z][.)])\s+(?=\S)")
_SPEAKER = re.compile(r"((?:\w[\w.'’-]*[ \t\u00a0]){0,3}\w[\w.'’-]*)(\s?:\s+)(?=\S)")
# Where an over-long sentence may be cut, in this order: behind strong punctuation, behind weak punctuation,
# between words.
_CUTS = tuple(
    re.compile(pattern)
    for pattern in (r"(?<=[;:.!?…—–)\]»”])\s+|(?<=[。；：！？])\s*", r"(?<=[,،])\s+|(?<=[、，])\s*", r"(?<=\S)\s+")
)


@dataclass(frozen=True)
class Segmented:
    """A text as separators and pieces to translate, alternating; the first and the last of ``parts`` are separators."""

    parts: tuple[str, ...]

    @property
    def pieces(self) -> tuple[str, ...]:
        """None of them is empty, or begins or ends with whitespace."""
        return self.parts[1::2]

    def joined(self, translations: Sequence[str]) -> str:
        """The text with each piece replaced by its translation, in order."""
        parts = list(self.parts)
        parts[1::2] = translations
        return "".join(parts)


class Segmenter:
    """Takes texts of one language apart, so that no piece is longer than the model can take.

    Args:
        tokenize: pieces, shape [n] → tokens, shape [n, (tokens)], which are counted.
        language: ISO 639 code; decides on abbreviations and on the marks that end a sentence.
        max_tokens: the longest piece, in tokens; longer sentences are cut, at punctuation where there is any.
    """

    def __init__(self, tokenize: Callable[[pa.StringArray], pa.ListArray], language: str, max_tokens: int):
        self._tokenize = tokenize
        self._language = language
        self._max_tokens = max_tokens

    def split(self, texts: Sequence[str], sentences: bool = True) -> list[Segmented]:
        """Texts, shape [n] → n segmented texts.

        Args:
            texts: of any length.
            sentences: also take them apart at line breaks and between sentences; if not, only what is longer than
                ``max_tokens`` is taken apart.
        """
        parts = [self._sentences(text) if sentences else _with_piece([""], text) for text in texts]
        return [Segmented(tuple(text_parts)) for text_parts in self._cut(parts)]

    def _sentences(self, text: str) -> list[str]:
        parts = [""]
        # Odd elements are the line breaks.
        for index, line in enumerate(_LINE_BREAK.split(_WRAPPED.sub(" ", text))):
            if index % 2:
                parts[-1] += line
                continue
            before, inner, after = _framed(line)
            parts[-1] += before
            begin = 0
            for sentence in sentencex.segment(self._language, _SPACE.sub(" ", inner)):
                _with_piece(parts, inner[begin : begin + len(sentence)])
                begin += len(sentence)
            parts[-1] += after
        return parts

    def _cut(self, texts: list[list[str]]) -> list[list[str]]:
        """Halves every piece that is too long until none is; ``texts`` are separators and pieces, alternating."""
        while True:
            lengths = iter(self._lengths([piece for parts in texts for piece in parts[1::2]]))
            cut_texts = []
            for parts in texts:
                cut_parts = parts[:1]
                for piece, separator in zip(parts[1::2], parts[2::2], strict=True):
                    excess = next(lengths) / self._max_tokens
                    # Of a very long piece, the first halves will be too long as well: no need to look at them.
                    cut_parts += [*_halved(piece, max(int(math.log2(excess)), 1) if excess > 1 else 0), separator]
                cut_texts.append(cut_parts)
            if list(map(len, cut_texts)) == list(map(len, texts)):
                return texts
            texts = cut_texts

    def _lengths(self, pieces: Sequence[str]) -> np.ndarray:
        """Pieces, shape [n] → their lengths in tokens, int32, shape [n]."""
        return np.diff(self._tokenize(pa.array(pieces, pa.string())).offsets.to_numpy())


def _with_piece(parts: list[str], text: str) -> list[str]:
    """``parts``, extended by the text; what frames it belongs to the separators."""
    before, piece, after = _framed(text)
    parts[-1] += before
    if not piece:
        return parts
    speaker = _SPEAKER.match(piece)
    if speaker and all(word[0].isupper() for word in speaker[1].split()):
        parts += [speaker[1], speaker[2]]
        piece = piece[speaker.end() :]
    parts += [piece, after]
    return parts


def _framed(text: str) -> tuple[str, str, str]:
    """Whitespace, bullet, quotation marks and parentheses before a text, the text, and what of these is behind it."""
    before, piece, after = _stripped(text)
    if bullet := _BULLET.match(piece):
        before, piece = before + bullet[0], piece[bullet.end() :]
    while _AROUND.get(piece[:1]) == piece[-1:] and not {piece[0], piece[-1]} & set(piece[1:-1]) and piece[1:-1].strip():
        begin, within, end = _stripped(piece[1:-1])
        before, piece, after = before + piece[0] + begin, within, end + piece[-1] + after
    return before, piece, after


def _stripped(text: str) -> tuple[str, str, str]:
    """Whitespace before it, the text, whitespace behind it."""
    piece = text.strip()
    begin = text.index(piece) if piece else len(text)
    return text[:begin], piece, text[begin + len(piece) :]


def _halved(piece: str, times: int) -> list[str]:
    """The piece in up to 2^times parts, with the separators between them."""
    if not times:
        return [piece]
    parts = list(_halves(piece))
    for index in reversed(range(0, len(parts), 2)):
        parts[index : index + 1] = _halved(parts[index], times - 1)
    return parts


def _halves(piece: str) -> tuple[str, ...]:
    """(first half, separator, second half), cut in the middle half of the piece, at punctuation if it has any.

    If that has neither punctuation nor whitespace, any whitespace will do; without any, the piece is cut in the middle
    of a word. One character cannot be cut.
    """
    middle, quarter = len(piece) // 2, len(piece) // 4
    windows = [(pattern, quarter, len(piece) - quarter) for pattern in _CUTS] + [(_CUTS[-1], 0, len(piece))]
    for pattern, begin, end in windows:
        cuts = [cut for cut in pattern.finditer(piece, begin, end) if cut.start() > 0 and cut.end() < end]
        if cuts:
            best = min(cuts, key=lambda cut: abs(cut.start() - middle))
            return piece[: best.start()], best[0], piece[best.end() :]
    return (piece[:middle], "", piece[middle:]) if middle else (piece,)
