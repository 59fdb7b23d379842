"""Progress while the pipeline runs: pairs read and written, and pairs per second, on one line of stderr."""

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

READ, WRITTEN = "read", "written"
# Seconds between two updates: often enough for a rewritten line, seldom enough for a log.
_TERMINAL_PERIOD, _LOG_PERIOD = 0.2, 5.0
# Seconds between two questions to a runner that is another program.
_ASKING_PERIOD = 2.0

# What passed in this process. Workers that are threads of it count here, for display only: nothing that is written
# depends on it. Other workers' counters are Beam's.
_passed: Counter[str] = Counter()
_lock = threading.Lock()


def passed(name: str, pairs: int) -> None:
    """Counts pairs that passed a point of the pipeline."""
    with _lock:
        _passed[name] += pairs


def passed_here() -> Mapping[str, int]:
    """How many pairs passed each point in this process since the last :func:`progress` began."""
    with _lock:
        return dict(_passed)


@contextmanager
def progress(
    counters: Callable[[], Mapping[str, int]] = passed_here, state: Callable[[], str] = lambda: "RUNNING"
) -> Iterator[None]:
    """Shows, while the block runs, how many pairs were read and written. (How many there will be is not known.)

    Args:
        counters: returns how many passed each point; empty as long as that is not known.
        state: returns the job's state, shown as long as there are no counters.
    """
    with _lock:
        _passed.clear()
    here = counters is passed_here
    # Kept, because the runner holds back what workers write to stderr.
    stderr = sys.stderr
    terminal = stderr.isatty()
    period = (_TERMINAL_PERIOD if here else _ASKING_PERIOD) if terminal else _LOG_PERIOD
    began, ended = time.monotonic(), threading.Event()

    def show(last: bool = False) -> None:
        found, seconds = counters(), time.monotonic() - began
        if READ in found or here:
            read, written = found.get(READ, 0), found.get(WRITTEN, 0)
            text = f"{read:,} pairs read, {written:,} written, {read / max(seconds, 1e-9):,.0f} pairs/s"
        else:
            text = f"the job is {state()}, no counters so far"
        begin, end = ("\r\033[K", "\n" if last else "") if terminal else ("", "\n")
        stderr.write(f"{begin}prepare: {text}, {seconds:.0f} s{end}")
        stderr.flush()

    def watch() -> None:
        while not ended.wait(period):
            show()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        show(last=True)
