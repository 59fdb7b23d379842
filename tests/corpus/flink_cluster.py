"""A Flink cluster on this machine for tests: a job manager and task managers, each a process of its own.

Flink is what the PyPI package ``apache-flink-libraries`` carries; ``FLINK_HOME`` names its folder ``pyflink``.
"""

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

# What Flink's own start script gives a Java of version 17.
_OPENED = (
    "java.lang",
    "java.net",
    "java.io",
    "java.nio",
    "java.text",
    "java.time",
    "java.util",
    "java.util.concurrent",
)
_JOB_MANAGER = "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint"
_TASK_MANAGER = "org.apache.flink.runtime.taskexecutor.TaskManagerRunner"
# Seconds until all task managers have to be there.
_PATIENCE = 90


class FlinkCluster:
    """A running cluster; ``master`` is its web address, HOST:PORT."""

    def __init__(self, home: Path, folder: Path, slots: int):
        self._home, self._folder = home, folder
        self.task_managers: list[subprocess.Popen[bytes]] = []
        port, rpc = _free_port(), _free_port()
        self.master = f"localhost:{port}"
        settings = {
            "jobmanager.rpc.address": "localhost",
            "jobmanager.rpc.port": rpc,
            "jobmanager.memory.process.size": "1g",
            "rest.address": "localhost",
            "rest.port": port,
            "taskmanager.host": "localhost",
            "taskmanager.numberOfTaskSlots": slots,
            # What Flink's start script would work out.
            "taskmanager.cpu.cores": slots,
            "taskmanager.memory.framework.heap.size": "128m",
            "taskmanager.memory.framework.off-heap.size": "128m",
            "taskmanager.memory.jvm-metaspace.size": "256m",
            "taskmanager.memory.jvm-overhead.min": "192m",
            "taskmanager.memory.jvm-overhead.max": "192m",
            "taskmanager.memory.task.heap.size": "512m",
            "taskmanager.memory.task.off-heap.size": "0m",
            "taskmanager.memory.managed.size": "256m",
            "taskmanager.memory.network.min": "128m",
            "taskmanager.memory.network.max": "128m",
            # A job outlives the task manager that it loses, and does not wait long before it notices.
            "restart-strategy.type": "fixed-delay",
            "restart-strategy.fixed-delay.attempts": 5,
            "restart-strategy.fixed-delay.delay": "1s",
            "heartbeat.interval": 2000,
            "heartbeat.timeout": 10000,
            "io.tmp.dirs": str(folder),
        }
        (folder / "config.yaml").write_text("".join(f"{name}: {value}\n" for name, value in settings.items()))
        self._job_manager = self._start("job-manager", _JOB_MANAGER)

    def add_task_manager(self) -> None:
        self.task_managers.append(self._start(f"task-manager-{len(self.task_managers)}", _TASK_MANAGER))

    def overview(self) -> dict[str, Any]:
        with urlopen(f"http://{self.master}/overview", timeout=5) as answer:
            return json.load(answer)

    def wait_for_task_managers(self, number: int) -> None:
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            for name, process in (("job-manager", self._job_manager), ("task-manager-0", self.task_managers[0])):
                assert number < len(self.task_managers) or process.poll() is None, self._log(name)
            try:
                if self.overview()["taskmanagers"] == number:
                    return
            except OSError:
                pass
            time.sleep(0.5)
        raise TimeoutError(f"no {number} task managers after {_PATIENCE} s: {self._log('task-manager-0')}")

    def stop(self) -> None:
        for process in (*self.task_managers, self._job_manager):
            process.kill()
            process.wait()

    def _start(self, name: str, main: str) -> "subprocess.Popen[bytes]":
        opened = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED]
        # A work folder each, because the workers' temporary files go there too.
        command = ["java", "-Xmx768m", *opened, "-cp", f"{self._home}/lib/*", main, "--configDir", str(self._folder)]
        with open(self._folder / f"{name}.log", "wb") as log:
            return subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=self._folder)

    def _log(self, name: str) -> str:
        return (self._folder / f"{name}.log").read_text(errors="replace")[-3000:]


@contextmanager
def flink_cluster(folder: Path, task_managers: int = 2, slots: int = 3) -> Iterator[FlinkCluster]:
    """A cluster while the block runs; the test is skipped where there is no Flink or no Java."""
    home = os.environ.get("FLINK_HOME")
    if not home or not shutil.which("java"):
        pytest.skip("needs Java and FLINK_HOME: the folder pyflink of the PyPI package apache-flink-libraries==1.20.5")
    cluster = FlinkCluster(Path(home), folder, slots)
    try:
        for _ in range(task_managers):
            cluster.add_task_manager()
        cluster.wait_for_task_managers(task_managers)
        yield cluster
    finally:
        cluster.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return probe.getsockname()[1]
