"""A progress bar on a terminal; elsewhere a line now and then, so that a log does not fill with carriage returns."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from tqdm import tqdm

# Seconds between two lines of a log.
LOG_PERIOD = 15.0
_LOG_LINE = (
    "{desc}: {n_fmt} of {total_fmt}{unit} ({percentage:.0f}%), {elapsed} elapsed, {remaining} left,"
    " {rate_noinv_fmt}{postfix}"
)


class Update(Protocol):
    """Adds ``more`` to what is done, and shows ``note`` beside it."""

    def __call__(self, more: int, note: str = "") -> None: ...


@contextmanager
def bar(task: str, total: int, unit: str, done: int = 0) -> Iterator[Update]:
    """Shows on standard error how far a task is, and how fast it goes. ``tqdm.write`` prints above it.

    Args:
        task: its name.
        total: how many units there are.
        unit: their name.
        done: how many of them were done before.
    """
    if sys.stderr.isatty():
        with tqdm(total=total, initial=done, unit=f" {unit}", desc=task, dynamic_ncols=True) as shown:

            def update(more: int, note: str = "") -> None:
                shown.set_postfix_str(note, refresh=False)
                shown.update(more)

            yield update
        return
    lines = _Lines(task, total, unit, done)
    yield lines.update
    lines.write()


class _Lines:
    def __init__(self, task: str, total: int, unit: str, done: int):
        self._task, self._total, self._unit, self._initial, self._done = task, total, unit, done, done
        self._note = ""
        # The stream of this moment: a runner redirects sys.stderr meanwhile.
        self._stderr = sys.stderr
        self._began = self._written = time.monotonic()

    def update(self, more: int, note: str = "") -> None:
        self._done += more
        self._note = note
        if self._done < self._total and time.monotonic() - self._written >= LOG_PERIOD:
            self.write()

    def write(self) -> None:
        self._written = time.monotonic()
        line = tqdm.format_meter(
            n=self._done,
            total=self._total,
            elapsed=self._written - self._began,
            initial=self._initial,
            unit=f" {self._unit}",
            prefix=self._task,
            postfix=self._note,
            bar_format=_LOG_LINE,
        )
        self._stderr.write(f"{line}\n")
        self._stderr.flush()
