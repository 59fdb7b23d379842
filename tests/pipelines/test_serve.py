"""`serve` as a process of its own, asked over HTTP; and MLflow's stock server beside it."""

import dataclasses
import json
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.errors import InputError
from components.serving.options import TranslationOptions
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


def raw(url: str, body: bytes, path: str = "/invocations", **headers: str) -> tuple[int, str]:
    """(status, body) of the answer, whatever the status is."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url + path, body or None, headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


HOSTILE: dict[str, tuple[bytes, int]] = {
    "empty list": (b'{"inputs": []}', 200),
    "null": (b'{"inputs": [null]}', 400),
    "numbers": (b'{"inputs": [1, 2]}', 400),
    "nested lists": (b'{"inputs": [["a", ["b"]]]}', 400),
    "deeply nested lists": (b'{"inputs": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", 400),
    "10 MB string": (b'{"inputs": ["' + b"a" * 10_000_000 + b'"]}', 413),
    "10,000 sentences": (json.dumps({"inputs": ["Yes!"] * 10_000}).encode(), 413),
    "1,000 sentences": (json.dumps({"inputs": ["Yes!"] * 1000}).encode(), 200),
    "control characters": (json.dumps({"inputs": ["".join(map(chr, range(32))) + "\x7f\x9f"]}).encode(), 200),
    "unpaired surrogate": (rb'{"inputs": ["\udc00"]}', 400),
    "surrogate pair": (rb'{"inputs": ["\ud83e\udd93"]}', 200),
    "right to left": ('{"inputs": ["مرحبا بالعالم! שלום \u202e"]}'.encode(), 200),
    "a word of 5,000 letters": (b'{"inputs": ["' + b"a" * 5000 + b'"]}', 200),
    "10,000 exclamation marks": (b'{"inputs": ["' + b"!" * 10_000 + b'"]}', 200),
    "20,000 blanks": (b'{"inputs": ["' + b" " * 20_000 + b'"]}', 200),
    "20,000 line breaks": (b'{"inputs": ["' + b"\\n" * 20_000 + b'"]}', 200),
    "wrong columns": (b'{"dataframe_split": {"columns": ["a", "b"], "data": [["x", "y"]]}}', 400),
    "broken JSON": (b'{"inputs": ["a"', 400),
    "not UTF-8": (b'{"inputs": ["\xff"]}', 400),
    "unknown parameter": (b'{"inputs": ["a"], "params": {"beams": 1}}', 400),
    "huge beam": (b'{"inputs": ["a"], "params": {"beam_width": 1000000}}', 400),
    "negative beam": (b'{"inputs": ["a"], "params": {"beam_width": -1}}', 400),
    "infinite penalty": (b'{"inputs": ["a"], "params": {"length_penalty": 1e999}}', 400),
    "nothing": (b" ", 400),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_input_gets_a_clear_line_and_the_server_lives(server: tuple[str, str], case: str) -> None:
    url, _ = server
    body, expected = HOSTILE[case]
    status, answer = raw(url, body, Content_Type="application/json")
    assert status == expected, answer[:300]
    document = json.loads(answer)
    if status != 200:
        assert set(document) == {"error_code", "message"}
        assert "\n" not in document["message"]
        assert len(document["message"]) < 300
    assert not re.search(r"Traceback|site-packages|\.py\b|/tmp/|/root/|/home/", answer)
    assert ask(url, {"inputs": ["Yes!"]}) == {"predictions": ["Yes!"]}


def test_wrong_paths_methods_and_content_types(server: tuple[str, str]) -> None:
    url, _ = server
    valid = b'{"inputs": ["a"]}'
    assert raw(url, valid, path="/translate", Content_Type="application/json")[0] == 404
    assert raw(url, b"", path="/docs")[0] == 404
    assert raw(url, b"")[0] == 405
    assert raw(url, valid)[0] == 415
    assert raw(url, valid, Content_Type="text/plain")[0] == 415
    assert raw(url, b"text\nYes!\n", Content_Type="text/csv") == (200, '{"predictions": ["Yes!"]}')


def test_every_answer_says_which_model_gave_it_and_not_where_it_is(server: tuple[str, str]) -> None:
    with urllib.request.urlopen(server[0] + "/ping", timeout=10) as answer:
        assert answer.headers["model"] == "packaged"


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=200),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=12), inner, max_size=5),
    max_leaves=15,
)
params = st.fixed_dictionaries(
    {}, optional={field.name: json_values | st.integers(0, 11) for field in dataclasses.fields(TranslationOptions)}
)
texts = st.lists(st.text(max_size=100), max_size=5)
documents = st.one_of(
    st.fixed_dictionaries({"inputs": texts}, optional={"params": params}),
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            ("inputs", "instances", "dataframe_split", "dataframe_records", "params"), texts | json_values
        ),
    ),
    json_values,
)
bodies = documents.map(lambda document: json.dumps(document).encode()) | st.binary(max_size=300)
content_types = st.sampled_from(["application/json", "text/csv", "application/json; charset=utf-8", "text/plain"])


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(bodies, content_types)
def test_ten_thousand_requests_of_any_kind(server: tuple[str, str], body: bytes, content_type: str) -> None:
    status, answer = raw(server[0], body or b" ", Content_Type=content_type)
    assert status == 200 or 400 <= status < 500, answer
    assert set(json.loads(answer)) == ({"predictions"} if status == 200 else {"error_code", "message"})


def test_a_taken_port_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"cannot listen on 127.0.0.1 port {port}: Address already in use"):
            serve.main(["--port", str(port)])


def test_an_unknown_model_is_told() -> None:
    with pytest.raises(InputError, match="model: models:/nobody@champion cannot be loaded"):
        serve.main(["--port", "0", "--model", "models:/nobody@champion"])
