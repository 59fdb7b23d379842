"""How far confidences can be relied on: judged on sentences that they were not learnt on.

What a confidence predicts is a sentence's chrF against its reference, divided by 100. It is well calibrated if of all
translations with about the same confidence the mean chrF is that; it is useful if it tells the worst translations.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_BINS = 10
# The least confident translations that are looked at.
_WORST = 0.2


@dataclass(frozen=True)
class Reliability:
    """How far confidences can be relied on.

    ``bins``: (mean confidence, mean quality) of ten groups of equal size, by falling confidence. ``expected_error`` is
    the mean distance of the two (expected calibration error, Naeini et al. 2015). ``risks``: (share of the sentences
    kept, mean loss of those), the most confident first. ``worst_share`` is the share of all loss (100 - chrF) that the
    20 % least confident hold.
    """

    bins: tuple[tuple[float, float], ...]
    expected_error: float
    risks: tuple[tuple[float, float], ...]
    worst_share: float


def reliability(confidences: Sequence[float], quality: Sequence[float]) -> Reliability:
    """Judges confidences, shape [n], by the quality of the translations, from 0 to 1, shape [n]."""
    order = np.argsort(-np.asarray(confidences), kind="stable")
    sure, good = np.asarray(confidences)[order], np.asarray(quality)[order]
    groups = [group for group in np.array_split(np.arange(len(order)), _BINS) if len(group)]
    bins = tuple((float(sure[group].mean()), float(good[group].mean())) for group in groups)
    error = sum(len(group) * abs(a - b) for group, (a, b) in zip(groups, bins, strict=True)) / len(order)
    losses = np.cumsum(1 - good)
    kept = np.unique(np.linspace(1, len(order), 20).round().astype(int))
    risks = tuple((float(count / len(order)), float(losses[count - 1] / count)) for count in kept)
    worst = len(order) - round(_WORST * len(order))
    share = 1 - losses[worst - 1] / losses[-1] if worst and losses[-1] else 0.0
    return Reliability(bins, float(error), risks, float(share))
