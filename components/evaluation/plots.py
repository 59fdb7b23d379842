"""Charts of the report, as SVG that is part of the page: no file, no network, sharp on any screen."""

import io
import re
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from components.evaluation.scores import ClassScore
from components.serving.translation import Alignment

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, ACCENT, SECOND = "#334155", "#2563eb", "#d97706"
# Small, so that its letters are still letters where the page is as narrow as a phone.
CHART_INCHES = (4.4, 2.6)
Curve = Sequence[tuple[int, float]]


def class_chart(scores: Sequence[ClassScore], heading: str) -> str:
    """BLEU and chrF of classes of sentences, with the number of sentences under each."""
    figure, axes = _figure(*CHART_INCHES)
    places = range(len(scores))
    axes.bar([place - 0.2 for place in places], [s.bleu for s in scores], 0.38, color=ACCENT, label="BLEU")
    axes.bar([place + 0.2 for place in places], [s.chrf for s in scores], 0.38, color=SECOND, label="chrF")
    axes.set_xticks(list(places), [f"{score.label}\n({score.sentences})" for score in scores])
    axes.set_xlabel(f"{heading} (sentences)")
    axes.set_ylim(0, 100)
    axes.legend(frameon=False, ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return _svg(figure)


def curve_chart(curves: Mapping[str, Curve]) -> str:
    """Curves over training steps: name → (step, value)."""
    figure, axes = _figure(*CHART_INCHES)
    for (name, curve), color in zip(curves.items(), (ACCENT, SECOND, INK, "#16a34a"), strict=False):
        axes.plot(*zip(*curve, strict=True), label=name, color=color, marker="." if len(curve) < 40 else None)
    axes.set_xlabel("training steps")
    axes.legend(frameon=False, ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return _svg(figure)


def alignment_chart(alignment: Alignment) -> str:
    """Which source token (columns) each token of the translation (rows) saw most."""
    sources, targets = [
        [_plain(token) for token in side] for side in (alignment.source_tokens, alignment.target_tokens)
    ]
    figure, axes = _figure(1.6 + 0.28 * len(sources), 1.2 + 0.26 * len(targets))
    points = [(position, row) for row, position in enumerate(alignment.positions) if position >= 0]
    axes.scatter([x for x, _ in points], [y for _, y in points], marker="s", s=90, color=ACCENT)
    axes.set_xticks(range(len(sources)), sources, rotation=60, ha="left")
    axes.set_yticks(range(len(targets)), targets)
    axes.xaxis.tick_top()
    axes.set_xlim(-0.5, len(sources) - 0.5)
    axes.set_ylim(len(targets) - 0.5, -0.5)
    axes.grid(color="#e2e8f0", linewidth=0.6)
    axes.set_axisbelow(True)
    return _svg(figure)


def _plain(token: str) -> str:
    """A token without what only the tokenizer means; `$` would begin a formula."""
    return token.replace("￭", "").replace("$", r"\$") or token


def _figure(width: float, height: float) -> tuple["Figure", "Axes"]:
    # Not pyplot: it keeps every figure alive and looks for a screen.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return figure, axes


def _svg(figure: "Figure") -> str:
    from matplotlib import rc_context

    file = io.StringIO()
    # Text stays text: smaller, selectable, and in the reader's fonts, which know scripts that the ones here do not.
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "report"}), warnings.catch_warnings(action="ignore"):
        figure.savefig(file, format="svg", metadata={"Date": None})
    svg = file.getvalue()
    svg = svg[svg.index("<svg") :]
    # As wide as there is room, and no wider than drawn.
    return re.sub(
        r'<svg (.*?)width="([\d.]+)pt"', r'<svg \1style="width:100%;max-width:calc(1.4 * \2pt)"', svg, count=1
    ).replace('height="', 'data-height="', 1)
