"""A real tracking server over HTTP, and a line to it that can be cut and restored."""

import os
import shutil
import signal
import socket
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from components.tracking.store import unreachable


class _Forwarder(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        line: Line = self.server.line  # type: ignore[attr-defined]
        with socket.create_connection(line.server) as onward:
            line.open += [self.request, onward]
            back = threading.Thread(target=_pump, args=(onward, self.request), daemon=True)
            back.start()
            _pump(self.request, onward)
            back.join()


class _Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # Cut.


class Line:
    """An address that leads to a server; cut, it refuses connections as if the server were away."""

    def __init__(self, port: int) -> None:
        self.server = ("127.0.0.1", port)
        self.open: list[socket.socket] = []
        self._listener: _Listener | None = None
        self._port = 0
        self.restore()
        self.uri = f"http://127.0.0.1:{self._port}"

    def cut(self) -> None:
        if self._listener:
            self._listener.shutdown()
            self._listener.server_close()
            self._listener = None
        for connection in self.open:
            with suppress(OSError):  # It has ended already.
                connection.shutdown(socket.SHUT_RDWR)
        self.open.clear()

    def restore(self) -> None:
        if not self._listener:
            self._listener = _Listener(("127.0.0.1", self._port), _Forwarder)
            self._listener.line = self  # type: ignore[attr-defined]
            self._port = self._listener.server_address[1]
            threading.Thread(target=self._listener.serve_forever, args=(0.05,), daemon=True).start()


@pytest.fixture(scope="session")
def server_port(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Iterator[int]:
    """The port of an `mlflow server` on a SQLite store, with artifacts through the server."""
    folder = tmp_path_factory.mktemp("server")
    shutil.copyfile(empty_store, folder / "mlflow.db")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = f"""{sys.executable} -m mlflow server --host 127.0.0.1 --port {port} --workers 1
        --backend-store-uri sqlite:///{folder}/mlflow.db --artifacts-destination {folder}/artifacts"""
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with open(folder / "log", "a") as log:
        process = subprocess.Popen(command.split(), stdout=log, stderr=log, env=environment, start_new_session=True)
    try:
        deadline = time.monotonic() + 120
        while reason := unreachable(f"http://127.0.0.1:{port}"):
            assert time.monotonic() < deadline, reason + (folder / "log").read_text()
            time.sleep(0.1)
        yield port
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # With the workers below it.
        process.wait()


@pytest.fixture
def server(server_port: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Line]:
    """The line to the server, named by ``MLFLOW_TRACKING_URI``; the test works in a folder of its own."""
    line = Line(server_port)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", line.uri)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    monkeypatch.chdir(tmp_path)
    yield line
    line.cut()
