"""Charts: each point where it belongs, and nothing outside the picture."""

import re

import pytest

from components.evaluation.page import Axis, line_chart

X, Y = Axis("tokens"), Axis("share", unit=" %")


def points(chart: str) -> list[list[tuple[float, float]]]:
    return [
        [(float(x), float(y)) for x, y in (place.split(",") for place in curve.split())]
        for curve in re.findall(r'points="([^"]*)"', chart)
    ]


def labels(chart: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", chart)


def test_points_stand_in_the_order_of_their_values() -> None:
    ((low, high),) = points(line_chart({"a": [(0, 0), (10, 5)]}, X, Y))
    assert low[0] < high[0]
    assert low[1] > high[1]  # Upwards is where y is small.
    ((one, ten, hundred),) = points(line_chart({"a": [(1, 1), (10, 1), (100, 1)]}, Axis("x", log=True), Y))
    assert ten[0] - one[0] == pytest.approx(hundred[0] - ten[0], abs=0.2)


def test_an_axis_says_what_it_shows_and_in_which_unit() -> None:
    shown = labels(line_chart({"source": [(0, 0), (50, 10)], "<b>": [(1, 1)]}, X, Y))
    assert shown[-2:] == ["source", "&lt;b&gt;"]
    assert {"tokens", "share", "0 %", "10 %", "0", "50"} <= set(shown)


@pytest.mark.parametrize("largest", [1, 7, 1_000, 40_000_000, 1_000_000_000])
@pytest.mark.parametrize("log", [False, True])
def test_any_size_has_a_few_short_ticks(largest: int, log: bool) -> None:
    chart = line_chart({"a": [(1, 1), (largest, 1)]}, Axis("", log=log), Axis("", log=log))
    across = [label for label in labels(chart) if label not in ("a", "")]
    assert 1 <= len(across) <= 20
    assert max(map(len, across)) <= 5


@pytest.mark.parametrize("curve", [[], [(1, 1)], [(0, 0)], [(5, 3), (5, 3)]])
@pytest.mark.parametrize("log", [False, True])
def test_few_points_or_none_are_a_chart_too(curve: list[tuple[float, float]], log: bool) -> None:
    chart = line_chart({"a": curve}, Axis("x", log=log), Axis("y", log=log))
    width, height = map(float, re.search(r'viewBox="0 0 (\d+) (\d+)"', chart).groups())
    assert all(0 <= x <= width and 0 <= y <= height for places in points(chart) for x, y in places)


def test_what_a_logarithm_cannot_show_is_left_out() -> None:
    assert [len(curve) for curve in points(line_chart({"a": [(1, 0), (2, 5), (3, 7)]}, X, Axis("", log=True)))] == [2]
