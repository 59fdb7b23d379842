"""Progress while the pipeline runs: pairs read and written, and pairs per second, on one line of stderr."""

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from types import TracebackType

READ, WRITTEN = "read", "written"
# Seconds between two looks: often enough for a rewritten line, seldom enough for a log.
_TERMINAL_PERIOD, _LOG_PERIOD = 0.2, 5.0
# Seconds between two questions to a runner that is another program.
_ASKING_PERIOD = 2.0

# What passed in this process. Workers that are threads of it count here, for display only: nothing that is written
# depends on it. Other workers' counters are Beam's.
_passed: Counter[str] = Counter()
_lock = threading.Lock()


def passed(name: str, pairs: int) -> None:
    """Says that so many pairs passed a point of the pipeline."""
    with _lock:
        _passed[name] += pairs


def passed_here() -> Mapping[str, int]:
    """How many pairs passed each point in this process since the last :class:`Progress` began."""
    with _lock:
        return dict(_passed)


class Progress:
    """Shows, while a ``with`` block runs, how many pairs were read and written.

    Args:
        counters: tells how many passed each point; empty as long as that is not known.
        state: tells what is going on, shown as long as there are no counters.
    """

    def __init__(
        self, counters: Callable[[], Mapping[str, int]] = passed_here, state: Callable[[], str] = lambda: "RUNNING"
    ) -> None:
        self._counters, self._state = counters, state
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        # Kept, because the runner holds back what workers write to stderr.
        self._stderr = sys.stderr
        self._terminal = self._stderr.isatty()
        self.seconds = 0.0

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
        self.seconds = time.monotonic() - self._started
        self._show(last=True)

    def _watch(self) -> None:
        asking = _TERMINAL_PERIOD if self._counters is passed_here else _ASKING_PERIOD
        while not self._stop.wait(asking if self._terminal else _LOG_PERIOD):
            self._show()

    def _show(self, last: bool = False) -> None:
        seconds = time.monotonic() - self._started
        line = f"prepare: {self._told(self._counters(), seconds)}, {seconds:.0f} s"
        if self._terminal:
            line = "\r\033[K" + line + ("\n" if last else "")
        else:
            line += "\n"
        self._stderr.write(line)
        self._stderr.flush()

    def _told(self, counters: Mapping[str, int], seconds: float) -> str:
        if READ not in counters and self._counters is not passed_here:
            return f"the job is {self._state()}, no counters so far"
        read, written = counters.get(READ, 0), counters.get(WRITTEN, 0)
        return f"{read:,} pairs read, {written:,} written, {read / max(seconds, 1e-9):,.0f} pairs/s"
