"""Sentences of all callers through the search: one line, and batches of a few fixed shapes.

A batch holds sentences that are padded to the same length, which follows from the length of each, so a sentence is
searched in the same shape whatever stands beside it. See docs/explanation/batches.md.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from queue import SimpleQueue
from typing import Any, NamedTuple

import numpy as np

from components.text.vocabulary import PAD

# source int32 [batch, length], padded with 0; beam_width; length_penalty; coverage_penalty → "ids" int32 [batch,
# beam_width, length], "scores" float32 [batch, beam_width], "alignment" int32 [batch, beam_width, length].
Search = Callable[[np.ndarray, int, float, float], Mapping[str, np.ndarray]]

# Sentences are padded to a multiple of it.
LENGTH_STEP = 8
# The largest batch: source positions (rows × padded length) and hypotheses (rows × beam width). Larger batches make the
# decoder's products more efficient, up to a point: beyond some hundred rows the logits no longer fit the cache.
BATCH_POSITIONS = 4096
BATCH_HYPOTHESES = 320
# Rows of a batch, which empty sentences fill up: a fifth of it at most.
BATCH_ROWS = (1, 2, 3, *(factor << power for power in range(6) for factor in (4, 5, 6, 7)), 256, 320)
# For how long a sentence waits for company, in seconds, while another batch is being searched.
BATCH_WAIT = 0.005
# After a batch of its own a call lets those go first that come within so many seconds.
PATIENCE = 5.0


class Found(NamedTuple):
    """What the search found for one sentence, best first: ``ids`` and ``alignment`` int32 [beam_width, length],
    ``scores`` float32 [beam_width]."""

    ids: np.ndarray
    scores: np.ndarray
    alignment: np.ndarray


# The indices of some sentences in their call, and what was found for each.
_Part = list[tuple[int, Found]]


class CallerGoneError(Exception):
    """Nobody waits any more for what is being translated."""


class Caller:
    """Somebody who waits for translations. Once it has left, nothing more is searched for it."""

    def __init__(self) -> None:
        self.gone = False
        self._results: SimpleQueue[Any] | None = None

    def leave(self) -> None:
        """Its call ends with :class:`CallerGoneError`. For any thread."""
        self.gone = True
        if self._results:
            self._results.put(CallerGoneError())

    def waits_at(self, results: "SimpleQueue[Any]") -> None:
        """What it gets when it leaves, or if it has left before, comes through this queue."""
        self._results = results
        if self.gone:
            results.put(CallerGoneError())


# Who calls, if that can leave: the one who sent a request.
caller: ContextVar[Caller | None] = ContextVar("caller", default=None)


class _Job:
    """A call: its sentences, and of these the indices of those still in line, by padded length, the longest first."""

    def __init__(self, sentences: Sequence[np.ndarray], options: tuple[int, float, float]):
        self.sentences = sentences
        self.options = options
        self.caller = caller.get() or Caller()
        self.arrived = time.monotonic()
        # Who arrived first is first, unless it has had a batch already.
        self.turn = self.arrived
        self.results: SimpleQueue[_Part | Exception] = SimpleQueue()
        self.left: dict[int, deque[int]] = {}
        for index in sorted(range(len(sentences)), key=lambda index: -len(sentences[index])):
            self.left.setdefault(padded_length(len(sentences[index])), deque()).append(index)
        self.caller.waits_at(self.results)

    def found(self) -> Iterator[tuple[int, Found]]:
        """See :meth:`SearchQueue.find`."""
        missing = len(self.sentences)
        while missing > 0:
            part = self.results.get()
            if isinstance(part, Exception):
                self.caller.gone = True  # What is left of it need not be searched for.
                raise part
            missing -= len(part)
            yield from part

    def take(self, length: int, most: int) -> list[int]:
        """At most so many of the sentences of this padded length; they are no longer in line."""
        waiting = self.left.get(length, deque())
        taken = [waiting.popleft() for _ in range(min(most, len(waiting)))]
        if not waiting:
            self.left.pop(length, None)
        return taken


class SearchQueue:
    """Searches for many callers at once, with a thread for each core.

    Whoever is first in line has a batch, filled up with sentences of the others that have its shape. If it has more, it
    lets newcomers go first, so that a call of one sentence waits for at most one batch of a large one.

    Args:
        search: for one batch.
        invariant: what ``search`` finds for a sentence depends neither on the others in the batch nor on how many they
            are. If not, no two calls share a batch.
    """

    def __init__(self, search: Search, invariant: bool):
        self._search = search
        self._invariant = invariant
        # Seconds, see BATCH_WAIT; 0: no two calls share a batch.
        self.wait = BATCH_WAIT
        # Called after each batch with its number of sentences.
        self.observe: Callable[[int], object] = lambda sentences: None
        self._line: list[_Job] = []
        self._changed = threading.Condition()
        # Threads at work, and how many of these are not looking for a batch.
        self._working = self._searching = 0
        self._most = os.cpu_count() or 1
        # TensorFlow would use several cores for one batch, but only while it multiplies.
        self._threads = ThreadPoolExecutor(self._most, thread_name_prefix="search")

    @property
    def waiting(self) -> int:
        """How many sentences are in line."""
        with self._changed:
            return sum(len(indices) for job in self._line for indices in job.left.values())

    def find(
        self, sentences: Sequence[np.ndarray], beam_width: int, length_penalty: float, coverage_penalty: float
    ) -> Iterator[tuple[int, Found]]:
        """Puts sentences in line; the index of each comes with what was found for it, as soon as it is.

        Args:
            sentences: int32 ids of each, [length]; none is empty.
            beam_width, length_penalty, coverage_penalty: see the search.

        Raises:
            CallerGoneError: while waiting, if the ``caller`` has left.
        """
        job = _Job(sentences, (beam_width, length_penalty, coverage_penalty))
        if sentences:
            with self._changed:
                self._line.append(job)
                self._changed.notify()
                for _ in range(min(len(sentences), self._most - self._working)):
                    self._working += 1
                    self._threads.submit(self._work)
        return job.found()

    def _work(self) -> None:
        """Searches until nobody is in line."""
        while True:
            with self._changed:
                batch = self._next()
                if not batch:
                    self._working -= 1
                    return
                self._searching += 1
            self._run(batch)
            with self._changed:
                self._searching -= 1
                self._changed.notify()

    def _next(self) -> list[tuple[_Job, list[int]]]:
        """The next batch: of each call in it the indices of its sentences. Empty if nobody is in line."""
        while True:
            self._line = sorted((job for job in self._line if not job.caller.gone), key=lambda job: job.turn)
            if not self._line:
                return []
            first = self._line[0]
            length = next(iter(first.left))
            room = most_rows(length, first.options[0])
            sharing = [first]
            if self._invariant and self.wait:
                sharing += [job for job in self._line[1:] if job.options == first.options]
                seconds = first.arrived + self.wait - time.monotonic()
                is_full = sum(len(job.left.get(length, ())) for job in sharing) >= room
                if self._searching and not is_full and seconds > 0:
                    self._changed.wait(seconds)
                    continue
            break
        batch = []
        for job in sharing:
            if taken := job.take(length, room):
                batch.append((job, taken))
                room -= len(taken)
        first.turn = time.monotonic() + PATIENCE
        self._line = [job for job in self._line if job.left]
        return batch

    def _run(self, batch: list[tuple[_Job, list[int]]]) -> None:
        sentences = [job.sentences[index] for job, indices in batch for index in indices]
        rows = batch_rows(len(sentences)) if self._invariant else len(sentences)
        try:
            found = self._search(_padded(sentences, rows), *batch[0][0].options)
        except Exception as error:
            if len(batch) == 1:
                batch[0][0].results.put(error)
            else:  # It is the fault of one of them.
                for part in batch:
                    self._run([part])
            return
        results = map(Found, found["ids"], found["scores"], found["alignment"])
        for job, indices in batch:
            job.results.put(list(zip(indices, results, strict=False)))
        self.observe(len(sentences))


def padded_length(length: int) -> int:
    """The positions that a sentence of so many tokens has in a batch."""
    return -(-length // LENGTH_STEP) * LENGTH_STEP


def batch_rows(sentences: int) -> int:
    """The rows of a batch of so many sentences, at most those of the largest."""
    return next(rows for rows in BATCH_ROWS if rows >= sentences)


def most_rows(length: int, beam_width: int) -> int:
    """The rows of the largest batch of sentences that are padded to this length; at least one."""
    most = min(BATCH_POSITIONS // length, BATCH_HYPOTHESES // beam_width)
    return max(rows for rows in BATCH_ROWS if rows <= max(most, 1))


def _padded(sentences: Sequence[np.ndarray], rows: int) -> np.ndarray:
    """Sentences of one padded length, int32 [rows, padded length]; further rows are empty."""
    padded = np.full((rows, padded_length(len(sentences[0]))), PAD, np.int32)
    for row, sentence in zip(padded, sentences, strict=False):
        row[: len(sentence)] = sentence
    return padded
