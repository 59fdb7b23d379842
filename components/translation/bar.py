"""A bar where somebody watches; elsewhere a line now and then, so that a log does not fill with carriage returns."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm

# Seconds between two lines of a log.
LOG_PERIOD = 15.0
_LOG_LINE = "{desc}: {n_fmt} of {total_fmt}{unit} ({percentage:.0f}%), {elapsed} elapsed, {remaining} left, {rate_fmt}"


@contextmanager
def bar(total: int, unit: str, done: int = 0) -> Iterator[Callable[[int], None]]:
    """Shows on standard error how far the translation is, and how fast it goes.

    Args:
        total: how many there are.
        unit: of what.
        done: how many of them were done before.

    Yields:
        Takes how many more are done now.
    """
    if sys.stderr.isatty():
        with tqdm(total=total, initial=done, unit=f" {unit}", desc="translate", dynamic_ncols=True) as shown:
            yield lambda more: shown.update(more)
        return
    lines = _Lines(total, unit, done)
    yield lines.update
    lines.write()


class _Lines:
    def __init__(self, total: int, unit: str, done: int):
        self._total, self._unit, self._initial, self._done = total, unit, done, done
        # Kept, because a runner holds back what is written meanwhile.
        self._stderr = sys.stderr
        self._began = self._written = time.monotonic()

    def update(self, more: int) -> None:
        self._done += more
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
            prefix="translate",
            bar_format=_LOG_LINE,
        )
        self._stderr.write(f"{line}\n")
        self._stderr.flush()
