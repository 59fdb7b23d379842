"""What comes out of translating a text: translations, scores, alignments; and the attention as a picture."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import numpy as np

from components.text.words import readable

# A text of which the model knows fewer words may be in another language, or in none.
FEWEST_KNOWN = 0.5
# Pixels of a cell, and of a letter, roughly.
_CELL, _LETTER = 19, 7.0
_SLOPE = math.radians(60)
_INK, _ACCENT = "#334155", "#2563eb"
# What is paler than this is not drawn.
_FAINTEST = 0.02


@dataclass(frozen=True)
class Alignment:
    """Of one sentence: its tokens, the tokens of its translation, and which of the former each of the latter saw most.

    ``positions`` has an entry for each target token: an index into ``source_tokens``, or -1 where the model has no
    attention. ``target_ids`` are the model's output: that of ``<unk>`` where the target token was copied.
    """

    source_tokens: tuple[str, ...]
    target_tokens: tuple[str, ...]
    positions: tuple[int, ...]
    target_ids: tuple[int, ...]


@dataclass(frozen=True)
class Hypothesis:
    """One way to translate a text.

    ``score`` is the natural logarithm of its probability, summed over the sentences of the text; ``sentences`` says
    how the words correspond, sentence by sentence.
    """

    text: str
    score: float
    sentences: tuple[Alignment, ...] = ()


@dataclass(frozen=True)
class Translation:
    """The translations of one text, best first; at least one. ``left_out`` says why they are not to be shown, if so.

    ``known_words`` is the share of the text's words that the model has seen as such; 1 for a text without words.
    ``confidence`` is how good the best one is to be expected, from 0 to 1; None if that was not asked for.
    """

    hypotheses: tuple[Hypothesis, ...]
    known_words: float = 1.0
    confidence: float | None = None
    left_out: str = ""

    @property
    def shown(self) -> tuple[Hypothesis, ...]:
        """Those to be shown: all or none."""
        return () if self.left_out else self.hypotheses

    @property
    def text(self) -> str:
        """The best one; empty if it is left out."""
        return "" if self.left_out else self.hypotheses[0].text

    def with_confidence(self, confidence: float, least: float) -> "Translation":
        """The same with a confidence, and left out if that is below the least that is asked for."""
        reason = f"the confidence is {confidence:.4f}, below min_confidence, which is {least:g}"
        return replace(self, confidence=confidence, left_out="" if confidence >= least else reason)

    @property
    def warning(self) -> str:
        """Why not to rely on the translation, or why it is left out; empty if nothing speaks against it."""
        if self.left_out:
            return f"left out: {self.left_out}"
        if self.known_words >= FEWEST_KNOWN:
            return ""
        return f"the model knows {self.known_words:.0%} of the words of this text: do not rely on the translation"

    def alternatives(self) -> list[dict[str, Any]]:
        """All of them with their scores, in types that JSON knows."""
        return [{"translation": found.text, "score": found.score} for found in self.shown]

    def record(self, alignment: bool) -> dict[str, Any]:
        """The same in types that JSON knows: ``translation``, ``score``, ``alternatives`` (the best one is the first),
        ``known_words``, ``confidence`` if it was asked for, and a ``warning`` where few words are known, or where the
        translation is left out: then it is null, and so is its score.

        Args:
            alignment: with ``alignment``, a list of sentences, each with ``source``, ``target`` and ``positions``.
        """
        best = self.shown[0] if self.shown else None
        record: dict[str, Any] = {
            "translation": best and best.text,
            "score": best and best.score,
            "alternatives": self.alternatives(),
            "known_words": round(self.known_words, 3),
        }
        if self.confidence is not None:
            record["confidence"] = self.confidence
        if self.warning:
            record["warning"] = self.warning
        if alignment:
            record["alignment"] = [
                {
                    "source": list(sentence.source_tokens),
                    "target": list(sentence.target_tokens),
                    "positions": list(sentence.positions),
                }
                for sentence in (best.sentences if best else ())
            ]
        return record


@dataclass(frozen=True)
class Score:
    """How probable the model finds a given translation of a text: natural logarithms.

    ``tokens`` are those of the translation, the end of the sentence the last of them, and ``log_probabilities`` theirs,
    each given those before. Both are empty where ``fault`` says why there is no score.
    """

    tokens: tuple[str, ...] = ()
    log_probabilities: tuple[float, ...] = ()
    fault: str = ""

    @property
    def total(self) -> float:
        """Of the whole translation."""
        return sum(self.log_probabilities)

    @property
    def mean(self) -> float:
        """Of a token: minus the cross entropy. It compares translations of different lengths."""
        return self.total / max(len(self.tokens), 1)

    def record(self) -> dict[str, Any]:
        """The same in types that JSON knows: ``score``, ``mean_score``, ``tokens`` and ``token_scores``.

        Without a score those are null, and ``warning`` says why.
        """
        if self.fault:
            return {**dict.fromkeys(("score", "mean_score", "tokens", "token_scores")), "warning": self.fault}
        return {
            "score": self.total,
            "mean_score": self.mean,
            "tokens": list(self.tokens),
            "token_scores": list(self.log_probabilities),
        }


# The attention weights of a sentence and its translation: float32 [target tokens, source tokens], in reading order.
Attention = Callable[[Alignment], np.ndarray]


@dataclass(frozen=True)
class HeatMap:
    """``weights``: shape [target tokens, source tokens], each row a distribution, in hundredths."""

    source_tokens: tuple[str, ...]
    target_tokens: tuple[str, ...]
    weights: tuple[tuple[int, ...], ...]


def heat_maps(alignments: Iterable[Alignment], attention: Attention | None) -> tuple[HeatMap, ...]:
    """Those of some sentences; none if the model was exported without its attention."""
    if attention is None:
        return ()
    found = [(alignment, (attention(alignment) * 100).round().astype(int).tolist()) for alignment in alignments]
    return tuple(HeatMap(a.source_tokens, a.target_tokens, tuple(map(tuple, weights))) for a, weights in found)


def heat_map_chart(heat_map: HeatMap) -> str:
    """An SVG: a column for each source token, a row for each token of the translation, darker where it looked more."""
    sources, targets = (
        [readable(token) for token in side] for side in (heat_map.source_tokens, heat_map.target_tokens)
    )
    left = 10 + _LETTER * max(map(len, targets), default=0)
    longest = _LETTER * max(map(len, sources), default=0)
    top = 14 + longest * math.sin(_SLOPE)
    width, height = left + _CELL * len(sources), top + _CELL * len(targets)
    marks = [f'<path d="M{left:.1f},{top:.1f}H{width:.1f}V{height:.1f}H{left:.1f}Z" fill="none" stroke="#cbd5e1"/>']
    for column, token in enumerate(sources):
        x = left + _CELL * (column + 0.5)
        turned = f'transform="rotate(-60 {x:.1f} {top - 6:.1f})"'
        marks.append(f'<text x="{x:.1f}" y="{top - 6:.1f}" {turned}>{escape(token)}</text>')
    for row, token in enumerate(targets):
        y = top + _CELL * row
        marks.append(f'<text x="{left - 6:.1f}" y="{y + 13:.1f}" text-anchor="end">{escape(token)}</text>')
        for column, weight in enumerate(heat_map.weights[row]):
            if weight / 100 >= _FAINTEST:
                cell = f'x="{left + _CELL * column:.1f}" y="{y:.1f}" width="{_CELL}" height="{_CELL}"'
                label = f"<title>{escape(token)} ← {escape(sources[column])}: {weight} %</title>"
                marks.append(f'<rect {cell} fill="{_ACCENT}" fill-opacity="{weight / 100:.2f}">{label}</rect>')
    full = math.ceil(width + 10 + longest * math.cos(_SLOPE)), math.ceil(height + 4)
    style = f"width:100%;max-width:{1.3 * full[0]:.0f}px"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {full[0]} {full[1]}" style="{style}"'
    return f'{head} font-size="11" fill="{_INK}">{"".join(marks)}</svg>'
