"""What the pipeline reports: histograms of lengths and ratios."""

import numpy as np

from components.corpus.report import LONGEST, add_histograms, count_lengths, count_ratios, ratio_bins


def test_lengths_are_counted_one_by_one_up_to_the_longest() -> None:
    assert count_lengths(np.array([3, 1, 3])).tolist() == [0, 1, 0, 2]
    counted = count_lengths(np.array([LONGEST, LONGEST + 1, 200_000]))
    assert (len(counted), counted[-1]) == (LONGEST + 1, 3)


def test_ratios_are_those_of_target_to_source() -> None:
    source, target = np.array([10, 10, 20, 1, 100]), np.array([10, 20, 10, 100, 1])
    assert ratio_bins(count_ratios(source, target)) == [[1 / 16, 1], [0.5, 1], [1.0, 1], [2.0, 1], [16.0, 1]]


def test_histograms_of_any_lengths_add_up() -> None:
    assert add_histograms([np.array([1]), np.array([0, 2, 3]), np.array([4, 1])]).tolist() == [5, 3, 3]
    assert add_histograms([]).tolist() == []
