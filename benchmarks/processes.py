"""Whole commands, measured from outside: seconds, and the memory of all their processes together."""

import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import psutil

# Often enough to see a peak that lasts, seldom enough to cost nothing.
_SAMPLED_SECONDS = 0.1


@dataclass(frozen=True)
class Measured:
    """A finished command: ``seconds`` of wall time, ``cpu_seconds`` of all processes, and their memory.

    ``peak_bytes`` is the largest sum of what they held resident at one time; memory that processes share (program
    text, forked pages) is divided among them, so that the sum counts it once.
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: int


def measure(command: Sequence[str], environment: Mapping[str, str]) -> Measured:
    """Runs a command to its end.

    Raises:
        subprocess.CalledProcessError: if it fails; what it printed to stderr is in it.
    """
    began, before = time.monotonic(), _children_cpu()
    process = subprocess.Popen(
        command, env=dict(environment), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    peak = _Peak(psutil.Process(process.pid))
    peak.start()
    _, said = process.communicate()
    seconds = time.monotonic() - began
    peak.join()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, stderr=said)
    return Measured(seconds, _children_cpu() - before, peak.bytes)


def _children_cpu() -> float:
    times = psutil.Process().cpu_times()
    return times.children_user + times.children_system


class _Peak(threading.Thread):
    def __init__(self, root: psutil.Process):
        super().__init__(daemon=True)
        self.bytes = 0
        self._root = root

    def run(self) -> None:
        with suppress(psutil.NoSuchProcess):
            while self._root.is_running() and self._root.status() != psutil.STATUS_ZOMBIE:
                self.bytes = max(self.bytes, resident_bytes(self._root))
                time.sleep(_SAMPLED_SECONDS)


def resident_bytes(root: psutil.Process) -> int:
    """What a process and all beneath it hold resident; what they share is counted once."""
    return sum(map(_resident, [root, *root.children(recursive=True)]))


def _resident(process: psutil.Process) -> int:
    with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        return process.memory_full_info().pss
    return 0
