"""The line in front of a search that notes its batches: who shares them, who is next, who is not searched for."""

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from components.serving.batching import (
    BATCH_HYPOTHESES,
    BATCH_POSITIONS,
    BATCH_ROWS,
    Caller,
    CallerGoneError,
    Found,
    SearchQueue,
    batch_rows,
    caller,
    most_rows,
)


class Held:
    """A search that gives each sentence's ids back as its output and, once held, waits for each batch to be let go."""

    def __init__(self) -> None:
        self.batches: list[np.ndarray] = []
        self.holding = False
        self._begun, self._go = threading.Semaphore(0), threading.Semaphore(0)

    def __call__(self, source: np.ndarray, width: int, *penalties: float) -> dict[str, np.ndarray]:
        self.batches.append(source)
        if self.holding:
            self._begun.release()
            assert self._go.acquire(timeout=10)
        if (source == 13).any():
            raise ValueError("unlucky")
        ids = np.repeat(source[:, None], width, 1)
        return {"ids": ids, "scores": np.zeros(ids.shape[:2], np.float32), "alignment": ids}

    def begun(self) -> None:
        """Waits until a batch has begun."""
        assert self._begun.acquire(timeout=10)

    def go(self, batches: int = 1) -> None:
        self._go.release(batches)


@pytest.fixture
def search() -> Held:
    return Held()


@pytest.fixture
def queue(search: Held, monkeypatch: pytest.MonkeyPatch) -> SearchQueue:
    """With one thread, so that what happens does not depend on chance; it is searching for a sentence of one word."""
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    queue = SearchQueue(search, invariant=True)
    search.holding = True
    ask(queue, [99])
    search.begun()
    return queue


def ask(queue: SearchQueue, *sentences: list[int], width: int = 2) -> Iterator[tuple[int, Found]]:
    return queue.find([np.array(ids, np.int32) for ids in sentences], width, 1.0, 0.0)


def answer(found: Iterator[tuple[int, Found]]) -> list[list[int]]:
    """The best output for each sentence, in order."""
    return [one.ids[0][one.ids[0] > 0].tolist() for _, one in sorted(found, key=lambda pair: pair[0])]


def batches(search: Held) -> list[list[int]]:
    """The first ids of the sentences in each batch."""
    return [batch[batch[:, 0] > 0, 0].tolist() for batch in search.batches]


def test_those_who_wait_share_a_batch_and_get_what_is_theirs(search: Held, queue: SearchQueue) -> None:
    asked = [ask(queue, [4], [5, 6]), ask(queue, [7] * 9), ask(queue, [8], width=3), ask(queue, [9])]
    search.go(4)
    assert list(map(answer, asked)) == [[[4], [5, 6]], [[7] * 9], [[8]], [[9]]]
    assert batches(search) == [[99], [5, 4, 9], [7], [8]]
    assert [batch.shape for batch in search.batches] == [(1, 8), (3, 8), (1, 16), (1, 8)]


def test_a_large_call_holds_up_a_small_one_for_no_more_than_a_batch(search: Held, queue: SearchQueue) -> None:
    many = ask(queue, *[[4]] * 1000)
    search.go()
    search.begun()
    one = ask(queue, [5] * 9)
    search.go()
    search.begun()
    another = ask(queue, [6] * 9)
    search.go(2)
    assert [answer(one), answer(another)] == [[[5] * 9], [[6] * 9]]
    assert [len(batch) for batch in batches(search)][:4] == [1, most_rows(8, 2), 1, 1]
    search.go(99)
    assert answer(many) == [[4]] * 1000


def test_a_large_call_lets_small_ones_go_first_for_some_time(
    search: Held, queue: SearchQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("components.serving.batching.PATIENCE", 0)
    many = ask(queue, *[[4]] * 200)
    ask(queue, [5] * 9)
    search.go()
    search.begun()
    ask(queue, [6] * 17)
    search.go(9)
    assert answer(many) == [[4]] * 200
    assert [batch[0] for batch in batches(search)][:4] == [99, 4, 5, 4]


def test_what_nobody_waits_for_is_not_searched(search: Held, queue: SearchQueue) -> None:
    gone, in_time = Caller(), Caller()
    token = caller.set(gone)
    first = ask(queue, [4])
    gone.leave()
    left_before = ask(queue, [5])
    caller.set(in_time)
    second = ask(queue, [6])
    caller.reset(token)
    search.go(2)
    assert answer(second) == [[6]]
    for found in (first, left_before):
        with pytest.raises(CallerGoneError):
            answer(found)
    assert batches(search) == [[99], [6]]


def test_a_caller_that_leaves_does_not_wait_for_the_batch(search: Held, queue: SearchQueue) -> None:
    who = Caller()
    token = caller.set(who)
    found = ask(queue, [4])
    caller.reset(token)
    search.go()
    search.begun()
    who.leave()
    with pytest.raises(CallerGoneError):
        answer(found)
    search.go()


def test_an_error_is_that_of_the_sentence_which_has_it(search: Held, queue: SearchQueue) -> None:
    asked = [ask(queue, [4]), ask(queue, [13]), ask(queue, [5])]
    search.go(99)
    assert answer(asked[0]) == [[4]]
    assert answer(asked[2]) == [[5]]
    with pytest.raises(ValueError, match="unlucky"):
        answer(asked[1])
    assert answer(ask(queue, [6])) == [[6]]


@pytest.mark.parametrize(("invariant", "wait"), [(False, 0.005), (True, 0.0)])
def test_calls_can_be_kept_apart(invariant: bool, wait: float, search: Held, queue: SearchQueue) -> None:
    apart = SearchQueue(search, invariant)
    apart.wait = wait
    asked = [ask(apart, *[[number]] * 9) for number in (4, 5, 6)]
    search.go(99)
    assert list(map(answer, asked)) == [[[number]] * 9 for number in (4, 5, 6)]
    assert batches(search)[1:] == [[4] * 9, [5] * 9, [6] * 9]
    assert len(search.batches[-1]) == (10 if invariant else 9)


def test_company_is_waited_for_only_while_another_batch_is_searched(
    search: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    queue = SearchQueue(search, invariant=True)
    queue.wait = 60.0  # Whoever waits for company without need is noticed.
    assert answer(ask(queue, [4])) == [[4]]
    search.holding = True
    ask(queue, [5])
    search.begun()
    asked = [ask(queue, [6]) for _ in range(most_rows(8, 2))]  # The last one fills the batch.
    search.go(2)
    assert list(map(answer, asked)) == [[[6]]] * len(asked)
    assert [len(batch) for batch in batches(search)] == [1, 1, len(asked)]


def test_the_rest_of_a_call_does_not_wait_for_company_for_long(search: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setattr("components.serving.batching.PATIENCE", 60)
    queue = SearchQueue(search, invariant=True)
    search.holding = True
    found = ask(queue, *[[4]] * (most_rows(8, 2) + 1))
    search.begun()
    search.begun()
    search.go(2)
    assert len(answer(found)) == most_rows(8, 2) + 1


def test_the_largest_batch_is_within_its_bounds() -> None:
    for length in range(8, 5000, 8):
        for width in range(1, 11):
            rows = most_rows(length, width)
            assert rows in BATCH_ROWS
            assert rows == 1 or (rows * length <= BATCH_POSITIONS and rows * width <= BATCH_HYPOTHESES)
    assert all(sentences <= batch_rows(sentences) <= 1.25 * sentences for sentences in range(1, most_rows(8, 1) + 1))
