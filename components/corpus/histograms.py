"""Histograms of a split's sentences, small whatever the corpus: by length, and by the ratio of a pair's lengths."""

from collections.abc import Iterable

import numpy as np

# Longer sentences (there are some only where the rule `too_long` is off) are counted as if they had so many tokens.
LONGEST = 1000
# Ratios are counted in quarters of an octave, from 1/16 to 16; what lies beyond is counted at the end. Finer, and those
# that short sentences cannot have would show as gaps.
_STEPS, _OCTAVES = 4, 4


def count_lengths(lengths: np.ndarray) -> np.ndarray:
    """Lengths in tokens, shape [n] → how many sentences have 0, 1, 2, … ``LONGEST`` tokens; shape [bins]."""
    return np.bincount(np.minimum(lengths, LONGEST))


def count_ratios(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Lengths of the two sides, 1 or more, shape [n] each → how many pairs have which ratio; shape [bins]."""
    steps = np.rint(np.log2(target / source) * _STEPS).astype(np.int64)
    return np.bincount(np.clip(steps, -_STEPS * _OCTAVES, _STEPS * _OCTAVES) + _STEPS * _OCTAVES)


def spell_ratios(histogram: np.ndarray) -> list[list[float]]:
    """[target tokens a source token, pairs] for each bin of :func:`count_ratios` that holds any."""
    return [
        [round(2.0 ** (step / _STEPS - _OCTAVES), 4), pairs] for step, pairs in enumerate(histogram.tolist()) if pairs
    ]


def add(histograms: Iterable[np.ndarray]) -> np.ndarray:
    """Their sum; a shorter one has nothing at its end."""
    total = np.zeros(0, np.int64)
    for histogram in histograms:
        longer, shorter = (total, histogram) if len(total) >= len(histogram) else (histogram, total)
        total = longer.copy()
        total[: len(shorter)] += shorter
    return total
