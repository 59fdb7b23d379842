"""Progress while the pipeline runs: pairs read and written, and pairs per second, on one line of stderr."""

import sys
import threading
import time
from collections import Counter
from types import TracebackType

READ, WRITTEN = "read", "written"
# Seconds between two looks: often enough for a rewritten line, seldom enough for a log.
_TERMINAL_PERIOD, _LOG_PERIOD = 0.2, 5.0

# What passed in this process. The in-process runner's workers are threads of it; elsewhere it stays at nought, and
# the launcher shows Beam's counters instead. For display only: nothing that is written depends on it.
_passed: Counter[str] = Counter()
_lock = threading.Lock()


def passed(name: str, pairs: int) -> None:
    """Says that so many pairs passed a point of the pipeline."""
    with _lock:
        _passed[name] += pairs


class Progress:
    """Shows, while a ``with`` block runs, how many pairs were read and written."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        # Kept, because the runner holds back what workers write to stderr.
        self._stderr = sys.stderr
        self._terminal = self._stderr.isatty()

    def __enter__(self) -> "Progress":
        with _lock:
            _passed.clear()
        self._started = time.monotonic()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._show(last=True)

    def _watch(self) -> None:
        while not self._stop.wait(_TERMINAL_PERIOD if self._terminal else _LOG_PERIOD):
            self._show()

    def _show(self, last: bool = False) -> None:
        with _lock:
            read, written = _passed[READ], _passed[WRITTEN]
        seconds = time.monotonic() - self._started
        speed = read / max(seconds, 1e-9)
        line = f"prepare: {read:,} pairs read, {written:,} written, {speed:,.0f} pairs/s, {seconds:.0f} s"
        if self._terminal:
            line = "\r\033[K" + line + ("\n" if last else "")
        else:
            line += "\n"
        self._stderr.write(line)
        self._stderr.flush()
