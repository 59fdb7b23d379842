"""Attention as a picture: which words of the source each word of the translation looked at, and how much."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from components.serving.attention import Attention
from components.serving.translation import Alignment
from components.text.tokenizer import readable

# Pixels of a cell, and of a letter, roughly.
_CELL, _LETTER = 19, 7.0
_SLOPE = math.radians(60)
_INK, _ACCENT = "#334155", "#2563eb"
# What is paler than this is not drawn.
_FAINTEST = 0.02


@dataclass(frozen=True)
class HeatMap:
    """``weights``: shape [target tokens, source tokens], each row a distribution, in hundredths."""

    source_tokens: tuple[str, ...]
    target_tokens: tuple[str, ...]
    weights: tuple[tuple[int, ...], ...]


def heat_maps(alignments: Iterable[Alignment], attention: Attention | None) -> tuple[HeatMap, ...]:
    """Those of some sentences; none if the model has no attention, or does not tell of it."""
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
                place = f'x="{left + _CELL * column:.1f}" y="{y:.1f}" width="{_CELL}" height="{_CELL}"'
                label = f"<title>{escape(token)} ← {escape(sources[column])}: {weight} %</title>"
                marks.append(f'<rect {place} fill="{_ACCENT}" fill-opacity="{weight / 100:.2f}">{label}</rect>')
    full = math.ceil(width + 10 + longest * math.cos(_SLOPE)), math.ceil(height + 4)
    style = f"width:100%;max-width:{1.3 * full[0]:.0f}px"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {full[0]} {full[1]}" style="{style}"'
    return f'{head} font-size="11" fill="{_INK}">{"".join(marks)}</svg>'
