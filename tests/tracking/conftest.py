"""A real tracking server over HTTP, which can be stopped and started again."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.tracking.store import unreachable


class TrackingServer:
    """`mlflow server` on a SQLite store, with artifacts through the server; the address outlives a stop."""

    def __init__(self, folder: Path, empty_store: Path) -> None:
        self._folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.uri = f"http://127.0.0.1:{self._port}"
        shutil.copyfile(empty_store, folder / "mlflow.db")
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        command = f"""{sys.executable} -m mlflow server --host 127.0.0.1 --port {self._port} --workers 1
            --backend-store-uri sqlite:///{self._folder}/mlflow.db --artifacts-destination {self._folder}/artifacts"""
        with open(self._folder / "log", "a") as log:
            environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
            self._process = subprocess.Popen(command.split(), stdout=log, stderr=log, env=environment)
        for _ in range(600):
            if not unreachable(self.uri):
                return
            time.sleep(0.1)
        raise TimeoutError((self._folder / "log").read_text())

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(30)
            self._process = None


@pytest.fixture(scope="session")
def running_server(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Iterator[TrackingServer]:
    server = TrackingServer(tmp_path_factory.mktemp("server"), empty_store)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def server(running_server: TrackingServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[TrackingServer]:
    """The server, named by ``MLFLOW_TRACKING_URI``; the test works in a folder of its own. It runs again afterwards."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", running_server.uri)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    monkeypatch.chdir(tmp_path)
    yield running_server
    if unreachable(running_server.uri):
        running_server.stop()
        running_server.start()
