"""Blocks: work on them that several threads do."""

import os

import pytest

from components.corpus.blocks import spread


def test_results_stand_in_order_and_errors_come_through() -> None:
    assert spread(lambda number: number * 2, range(50)) == list(range(0, 100, 2))
    with pytest.raises(ZeroDivisionError):
        spread(lambda number: 1 // number, [1, 0])


def test_a_forked_process_has_threads_of_its_own() -> None:
    spread(str, range(3))
    child = os.fork()
    if not child:
        os._exit(0 if spread(str, [1, 2]) == ["1", "2"] else 1)
    assert os.waitpid(child, 0)[1] == 0
