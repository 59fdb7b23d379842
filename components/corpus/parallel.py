"""Work on both sides of a block at the same time: Arrow's and numpy's loops and gzip let other threads run meanwhile.

This makes one worker busy on two cores where a second worker would not help: what Beam sends from worker to worker
costs what the second one gains (`python -m benchmarks.prepare`, alone and with
``-- --beam_options=--direct_running_mode=multi_threading``, compares them).
"""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def spread(work: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """``work`` of each item, in order, done by several threads.

    ``work`` must not call this function itself, nor count with Beam's counters, which belong to the calling thread.
    """
    return list(_threads().map(work, items))


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(len(os.sched_getaffinity(0)), thread_name_prefix="side")


# Threads do not follow into a process that is forked.
os.register_at_fork(after_in_child=_threads.cache_clear)
