"""Pages: HTML files that need nothing but themselves, with charts as SVG, for a laptop and for a phone.

The charts are drawn here and not by a library, because preparing a corpus draws some each time: importing matplotlib
and drawing seven charts with it takes 1.5 s, which is a third of what all of Multi30k takes.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from components.evaluation.scores import ClassScore

INK, ACCENT, SECOND = "#334155", "#2563eb", "#d97706"
_COLORS = (ACCENT, SECOND, INK, "#16a34a")
_LINE = "#cbd5e1"
# Small, so that its letters are still letters where the page is as narrow as a phone; in pixels there.
_WIDTH, _HEIGHT = 340, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 12, 26, 42
_LETTER = 6.0  # Width of a letter, roughly.
_MOST_MARKED = 20  # A curve of fewer points shows them.
Curve = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Axis:
    """What an axis shows. ``ticks`` are value → label; not set: round numbers, or powers of ten if ``log``.

    ``log`` takes only values above 0. ``low`` and ``high`` are shown even if no value is there.
    """

    label: str
    log: bool = False
    low: float | None = None
    high: float | None = None
    ticks: Mapping[float, str] | None = None
    unit: str = ""


def render_page(template: str, **values: Any) -> str:
    """The page that a template of this folder makes of ``values``; text in them stays text."""
    from jinja2 import Environment, FileSystemLoader

    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template(template).render(**values)


def line_chart(curves: Mapping[str, Curve], x: Axis, y: Axis) -> str:
    """Curves by name, each of points (x, y), in one chart. A point that a log axis cannot show is left out."""
    shown = {
        name: [(a, b) for a, b in curve if (a > 0 or not x.log) and (b > 0 or not y.log)]
        for name, curve in curves.items()
    }
    points = [point for curve in shown.values() for point in curve] or [(1.0, 1.0)]
    across = _Scale.of(x, [a for a, _ in points], _LEFT, _WIDTH - _RIGHT)
    up = _Scale.of(y, [b for _, b in points], _HEIGHT - _BOTTOM, _TOP)
    marks = []
    for (name, curve), color in zip(shown.items(), _COLORS, strict=False):
        positions = [f"{across(a):.1f},{up(b):.1f}" for a, b in curve]
        title = f"<title>{escape(name)}</title>"
        marks.append(f'<polyline points="{" ".join(positions)}" fill="none" stroke="{color}">{title}</polyline>')
        if len(positions) < _MOST_MARKED:
            circles = (position.split(",") for position in positions)
            marks += [f'<circle cx="{cx}" cy="{cy}" r="2" fill="{color}"/>' for cx, cy in circles]
    return _svg(_WIDTH, _HEIGHT, [*_frame(x, across, y, up), *marks, *_legend(curves)])


def class_chart(scores: Sequence[ClassScore], heading: str) -> str:
    """BLEU and chrF of classes of sentences, with the number of sentences under each."""
    room = (_WIDTH - _LEFT - _RIGHT) / len(scores)
    middles = [_LEFT + room * (number + 0.5) for number in range(len(scores))]
    y = Axis("", low=0, high=100)
    up = _Scale.of(y, [], _HEIGHT - _BOTTOM, _TOP)
    marks = []
    for middle, score in zip(middles, scores, strict=True):
        for side, value, color in ((-1, score.bleu, ACCENT), (0, score.chrf, SECOND)):
            height = up(0) - up(value)
            box = f'x="{middle + side * room * 0.4:.1f}" y="{up(value):.1f}" width="{room * 0.38:.1f}"'
            marks.append(f'<rect {box} height="{height:.1f}" fill="{color}"><title>{value:.1f}</title></rect>')
        marks.append(_text(middle, _HEIGHT - _BOTTOM + 12, score.label, "middle"))
        marks.append(_text(middle, _HEIGHT - _BOTTOM + 23, f"({score.sentences})", "middle", size=9))
    bottom = _text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 5, f"{heading} (sentences)", "middle")
    return _svg(_WIDTH, _HEIGHT, [*_grid(y, up), *marks, bottom, *_legend(("BLEU", "chrF"))])


@dataclass(frozen=True)
class _Scale:
    """Values → pixels; ``ticks`` are value → label."""

    log: bool
    low: float
    high: float
    begin: float
    end: float
    ticks: Mapping[float, str]

    @classmethod
    def of(cls, axis: Axis, values: Iterable[float], begin: float, end: float) -> "_Scale":
        ends = [*values, *(end for end in (axis.low, axis.high) if end is not None)]
        low, high = min(ends), max(ends)
        if axis.log and low == high:
            low, high = low / 2, high * 2
        elif low == high:
            low, high = low - 0.5, high + 0.5
        ticks = axis.ticks or {value: _number(value) + axis.unit for value in _round_numbers(low, high, axis.log)}
        within = {value: label for value, label in ticks.items() if low <= value <= high}
        return cls(axis.log, low, high, begin, end, within)

    def __call__(self, value: float) -> float:
        low, high, value = (
            ((math.log(v) for v in (self.low, self.high, value))) if self.log else (self.low, self.high, value)
        )
        return self.begin + (self.end - self.begin) * (value - low) / (high - low)


def _round_numbers(low: float, high: float, log: bool) -> list[float]:
    """Some round numbers from ``low`` to ``high``, to be written at an axis."""
    if log:
        first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
        digits = (1, 2, 5) if last - first < 3 else (1,)
        return [digit * 10.0**power for power in range(first, last + 1) for digit in digits]
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(digit * power for digit in (1, 2, 5, 10) if digit * power >= rough)
    return [step * number for number in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def _number(value: float) -> str:
    """A number in few letters: 40M, 2.5k, 0.01."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.4g}{letter}"
    return f"{value:.4g}" if value == 0 or abs(value) >= 1e-4 else f"{value:.0e}"


def _frame(x: Axis, across: _Scale, y: Axis, up: _Scale) -> list[str]:
    """Both axes with their ticks and labels."""
    bottom = _HEIGHT - _BOTTOM
    marks = _grid(y, up)
    for value, label in across.ticks.items():
        marks.append(f'<path d="M{across(value):.1f},{bottom}v4" stroke="{INK}"/>')
        marks.append(_text(across(value), bottom + 15, label, "middle"))
    return [*marks, _text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 8, x.label, "middle")]


def _grid(y: Axis, up: _Scale) -> list[str]:
    """The upright axis, and the line at the bottom."""
    marks = []
    for value, label in up.ticks.items():
        marks.append(f'<path d="M{_LEFT},{up(value):.1f}H{_WIDTH - _RIGHT}" stroke="{_LINE}" stroke-width="0.6"/>')
        marks.append(_text(_LEFT - 5, up(value) + 4, label, "end"))
    marks.append(f'<path d="M{_LEFT},{_HEIGHT - _BOTTOM}H{_WIDTH - _RIGHT}" stroke="{INK}"/>')
    return [*marks, *([_text(10, (_TOP + _HEIGHT - _BOTTOM) / 2, y.label, "middle", turn=-90)] if y.label else [])]


def _legend(names: Iterable[str]) -> list[str]:
    marks, x = [], float(_LEFT)
    for name, color in zip(names, _COLORS, strict=False):
        marks.append(f'<rect x="{x:.1f}" y="7" width="9" height="9" fill="{color}"/>')
        marks.append(_text(x + 13, 15, name, "start"))
        x += 26 + _LETTER * len(name)
    return marks


def _text(x: float, y: float, text: str, anchor: str, size: int = 11, turn: int = 0) -> str:
    turned = f' transform="rotate({turn} {x:.1f} {y:.1f})"' if turn else ""
    layout = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"'
    return f'<text {layout} fill="{INK}"{turned}>{escape(text)}</text>'


def _svg(width: int, height: int, marks: Iterable[str]) -> str:
    """As wide as there is room, and not much wider than drawn."""
    style = f"width:100%;max-width:{1.5 * width:.0f}px"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" style="{style}" stroke-width="1.5">'
    return head + "".join(marks) + "</svg>"
