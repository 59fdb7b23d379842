"""`serve` as a process of its own, asked over HTTP; and MLflow's stock server beside it."""

import json
import re
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.errors import InputError
from components.serving.package import package_translator
from pipelines import serve
from tests.serving.echo import save_echo


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    return package_translator(*save_echo(folder), folder / "packaged")


@pytest.fixture(scope="module")
def server(model: Path) -> Iterator[tuple[str, str]]:
    """(URL, what the server printed)."""
    command = [sys.executable, "-m", "pipelines.serve", "--model", str(model), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    printed = process.stdout.readline() + process.stdout.readline()
    yield re.findall(r"http://[\d.:]+", printed)[0], printed
    process.terminate()
    assert process.wait(timeout=20) == 0


def ask(url: str, body: Any) -> Any:
    data = json.dumps(body).encode()
    request = urllib.request.Request(url + "/invocations", data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def test_it_answers(server: tuple[str, str]) -> None:
    url, _ = server
    assert ask(url, {"inputs": ["Where are my keys?", ""]}) == {"predictions": ["Where are my keys?", ""]}
    for path, content in (("/ping", "\n"), ("/version", "3.17.2")):
        with urllib.request.urlopen(url + path, timeout=10) as answer:
            assert (answer.status, answer.read().decode()) == (200, content)


def test_the_curl_line_it_prints_works(server: tuple[str, str]) -> None:
    _, printed = server
    command = printed.splitlines()[1]
    answer = subprocess.run(command, shell=True, capture_output=True, check=True)
    assert json.loads(answer.stdout) == {"predictions": ["Where are my keys?"]}


def test_a_taken_port_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"cannot listen on 127.0.0.1 port {port}: Address already in use"):
            serve.main(["--port", str(port)])


def test_an_unknown_model_is_told() -> None:
    with pytest.raises(InputError, match="model: models:/nobody@champion cannot be loaded"):
        serve.main(["--port", "0", "--model", "models:/nobody@champion"])
