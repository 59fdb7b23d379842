"""A server that follows an alias of a real registry, asked over HTTP all the while: no request is lost."""

import http.client
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from components.errors import InputError
from components.server.models import Models, ServedModel
from components.tracking.registry import crown, roll_back

PROJECT = Path(__file__).parents[2]
BODY = b'{"inputs": ["Where are my keys?"]}'


class Server:
    """`serve` as a process of its own, of which everything that it logs is kept."""

    def __init__(self, *parameters: str):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        command = [sys.executable, "-m", "pipelines.serve", "--port", str(self.port), *parameters]
        self.process = subprocess.Popen(
            command, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        self.log: list[str] = []
        self._reading = threading.Thread(target=self._read)
        self._reading.start()

    def _read(self) -> None:
        assert self.process.stderr
        self.log.extend(self.process.stderr)

    def ask(self, path: str, body: bytes | None = None) -> tuple[int, http.client.HTTPMessage, Any]:
        """(status, headers, answer); on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("POST" if body else "GET", path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        found = answer.status, answer.headers, json.loads(answer.read())
        connection.close()
        return found

    def wait_for(self, path: str, wanted: Callable[[int, Any], bool]) -> Any:
        """What is answered at the path once it is ``wanted``."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                status, _, answer = self.ask(path)
            except OSError:
                status, answer = 0, None
            if wanted(status, answer):
                return answer
            time.sleep(0.1)
        raise AssertionError(f"{path} answers {status} {answer}; log: {self.log}")

    def end(self) -> int:
        """The exit code after SIGTERM, which does no harm if it has ended."""
        self.process.terminate()
        code = self.process.wait(timeout=60)
        self._reading.join()
        return code


@contextmanager
def server(*parameters: str) -> Iterator[Server]:
    running = Server(*parameters)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.wait()


class Load:
    """Clients that ask until they are told to stop; ``answers``: status, which model answered, what."""

    def __init__(self, server: Server, clients: int):
        self.answers: list[tuple[int, str | None, Any]] = []
        self._server = server
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(clients)]
        for thread in self._threads:
            thread.start()

    def _ask(self) -> None:
        while not self._over.is_set():
            status, headers, answer = self._server.ask("/invocations", BODY)
            self.answers.append((status, headers["model"], answer))
            time.sleep(0.02)

    def stop(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()


@pytest.fixture
def registry(echo_packaged: Path, tmp_path: Path) -> str:
    """The name of a registered model with two versions that translate, and a third one whose weights are cut short."""
    from mlflow import MlflowClient

    client = MlflowClient()
    client.create_registered_model("echo")
    for version in ("1", "2", "3"):
        source = shutil.copytree(echo_packaged, tmp_path / "models" / version)
        client.create_model_version("echo", str(source))
    (weights,) = source.rglob("variables.data-*")
    weights.write_bytes(weights.read_bytes()[:10])
    crown("echo", "1")
    return "echo"


def test_promotions_a_broken_version_a_rollback_and_the_end_lose_no_request(registry: str) -> None:
    with server("--model", f"models:/{registry}@champion", "--follow", "0.2") as running:
        assert running.wait_for("/live", lambda status, _: status == 200) == {"status": "live"}
        assert running.ask("/ready")[0] == 503
        status, headers, answer = running.ask("/invocations", BODY)
        assert (status, headers["Retry-After"], answer["error_code"]) == (503, "1", "SERVICE_UNAVAILABLE")
        ready = running.wait_for("/ready", lambda status, _: status == 200)
        assert ready == {"status": "ready", "model": "echo version 1"}
        first, *_, hundredth = (_seconds(running) for _ in range(100))
        assert first < 5 * hundredth + 0.1  # It waits neither for a trace nor for a garbage collection.

        load = Load(running, clients=2)
        crown(registry, "2")
        running.wait_for("/ready", lambda _, answer: answer["model"] == "echo version 2")
        crown(registry, "3")
        refused = running.wait_for("/ready", lambda _, answer: "refused" in answer)
        assert refused == {
            "status": "ready",
            "model": "echo version 2",
            "refused": "echo version 3 does not translate; the server's log says why",
        }
        roll_back(registry)
        running.wait_for("/ready", lambda _, answer: "refused" not in answer)
        crown(registry, "1")
        running.wait_for("/ready", lambda _, answer: answer["model"] == "echo version 1")
        load.stop()
        assert {status for status, _, _ in load.answers} == {200}
        assert {json.dumps(answer) for _, _, answer in load.answers} == {'{"predictions": ["Where are my keys?"]}'}
        assert {model for _, model, _ in load.answers} == {"echo version 1", "echo version 2"}

        head = b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        with socket.create_connection(("127.0.0.1", running.port), timeout=30) as client:
            client.sendall(head % len(BODY) + BODY[:10])
            time.sleep(0.3)
            running.process.send_signal(signal.SIGTERM)
            assert running.wait_for("/ready", lambda status, _: status == 503)["status"] == "draining"
            assert running.ask("/live")[0] == 200
            status, headers, _ = running.ask("/invocations", BODY)
            assert (status, headers["Retry-After"], headers["Connection"]) == (503, "1", "close")
            client.sendall(BODY[10:])
            assert b'{"predictions": ["Where are my keys?"]}' in client.recv(1 << 16)
        assert running.end() == 0
    log = "".join(running.log)
    assert re.search("echo version 3 is refused, echo version 2 goes on: ", log)
    assert "Traceback" not in log


def _seconds(running: Server) -> float:
    began = time.monotonic()
    assert running.ask("/invocations", BODY)[0] == 200
    return time.monotonic() - began


@pytest.mark.slow
def test_it_ends_while_the_model_is_loaded(echo_packaged: Path) -> None:
    with server("--model", str(echo_packaged)) as running:
        running.wait_for("/live", lambda status, _: status == 200)
        assert running.end() == 0


def test_only_an_alias_can_be_followed() -> None:
    with pytest.raises(InputError, match="follow: found 5, must be 0 for models:/echo/1; only models:/NAME@ALIAS"):
        Models("models:/echo/1", follow=5)


def test_the_registry_away_is_told_once_and_is_no_error(
    served: ServedModel, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    models = Models("models:/echo@champion", follow=1)
    models.current = served
    with socket.create_server(("127.0.0.1", 0)) as closed:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{closed.getsockname()[1]}")
    models.look()
    models.look()
    assert (models.current, models.refused) == (served, "")
    assert [record.getMessage() for record in caplog.records if "cannot be looked up" in record.getMessage()] == [
        f"model: {served.label} goes on, the alias cannot be looked up: [Errno 111] Connection refused"
    ]
