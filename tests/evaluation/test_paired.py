"""The paired bootstrap comparison of two sets of translations."""

import pytest

from components.evaluation.paired import compare

REFERENCES = [f"La phrase {n} parle de {n % 11} chats et de {n % 7} chiens noirs ." for n in range(200)]


def with_errors(share: int) -> list[str]:
    """A wrong word in so many of ten sentences."""
    return [text.replace("chats", "rats") if n % 10 < share else text for n, text in enumerate(REFERENCES)]


def test_clear_difference_wins_and_its_reverse_does_not() -> None:
    better = compare(REFERENCES, with_errors(5), with_errors(1))
    assert better.system > better.baseline + 5
    assert better.p_value < 0.01
    assert better.wins(0.05)
    assert not compare(REFERENCES, with_errors(1), with_errors(5)).wins(0.05)


def test_equal_translations_never_win() -> None:
    same = compare(REFERENCES, with_errors(3), with_errors(3))
    assert same.system == same.baseline
    assert same.p_value == 1.0
    assert not same.wins(1.0)


def test_small_difference_is_luck() -> None:
    one_better = with_errors(3)
    one_better[1] = REFERENCES[1]
    found = compare(REFERENCES, with_errors(3), one_better)
    assert found.system > found.baseline
    assert found.p_value > 0.05
    assert not found.wins(0.05)


def test_same_texts_always_compare_the_same() -> None:
    assert compare(REFERENCES, with_errors(3), with_errors(2)) == compare(REFERENCES, with_errors(3), with_errors(2))


@pytest.mark.parametrize("sides", [([], [], []), (["a"], ["a", "b"], ["a"]), (["a"], ["a"], [])])
def test_what_cannot_be_compared_is_refused(sides: tuple[list[str], list[str], list[str]]) -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        compare(*sides)
