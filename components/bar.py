"""A progress bar on a terminal; elsewhere a line now and then, so that a log does not fill with carriage returns."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from tqdm import tqdm

# Seconds between two lines of a log.
LOG_PERIOD = 15.0
_LOG_LINE = (
    "{desc}: {n_fmt} of {total_fmt}{unit} ({percentage:.0f}%), {elapsed} elapsed, {remaining} left,"
    " {rate_noinv_fmt}{postfix}"
)


class Update(Protocol):
    """Adds ``more`` to what is done, and shows ``note`` beside it; ``total``: how many units there are by now."""

    def __call__(self, more: int, note: str = "", total: int | None = None) -> None: ...


@contextmanager
def bar(task: str, total: int, unit: str, done: int = 0) -> Iterator[Update]:
    """Shows on standard error how far a task is, and how fast it goes. ``tqdm.write`` prints above it.

    Args:
        task: its name.
        total: how many units there are.
        unit: their name.
        done: how many of them were done before.
    """
    log = _Log()
    style: dict[str, Any] = {"dynamic_ncols": True}
    if not sys.stderr.isatty():
        style = {"file": log, "bar_format": _LOG_LINE, "mininterval": LOG_PERIOD, "miniters": 1, "smoothing": 0}
    with tqdm(total=total, initial=done, unit=f" {unit}", desc=task, **style) as shown:
        log.open = True

        def update(more: int, note: str = "", total: int | None = None) -> None:
            shown.set_postfix_str(note, refresh=False)
            shown.total = total or shown.total
            shown.update(more)

        yield update


class _Log:
    """What tqdm writes, in whole lines; nothing before it is open, because tqdm begins with a bar at 0%."""

    def __init__(self) -> None:
        self.open = False
        # The stream of this moment: a runner redirects sys.stderr meanwhile.
        self._stderr = sys.stderr

    def write(self, text: str) -> None:
        if self.open and text.strip():
            self._stderr.write(f"{text.strip()}\n")

    def flush(self) -> None:
        self._stderr.flush()
