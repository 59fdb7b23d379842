"""`serve` as a process of its own, asked over HTTP; and MLflow's stock server beside it."""

import dataclasses
import gzip
import json
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.errors import InputError
from components.serving.options import TranslationOptions
from pipelines import serve


@pytest.fixture(scope="module")
def server(echo_packaged: Path) -> Iterator[tuple[str, str]]:
    """(URL, what the server printed)."""
    command = [sys.executable, "-m", "pipelines.serve", "--model", str(echo_packaged), "--port", "0"]
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


def inputs(*texts: str, **options: Any) -> bytes:
    return json.dumps({"inputs": texts, "params": options}).encode()


# The body of a request → status, and how the message begins (of a proper answer: the text that comes back, shortened).
HOSTILE_BODIES: dict[str, tuple[bytes, int, str]] = {
    "empty list": (b'{"inputs": []}', 200, ""),
    "null": (b'{"inputs": [null]}', 400, "text 1: found null, must be a string"),
    "null for the list": (b'{"inputs": null}', 400, "inputs: must be a list"),
    "numbers": (b'{"inputs": [1, 2]}', 400, "text 1: found a number, must be a string"),
    "nested lists": (b'{"inputs": [["a", ["b"]]]}', 400, "text 1: found a list, must be a string"),
    "lists 900 deep": (b'{"inputs": ' + b"[" * 900 + b"]" * 900 + b"}", 400, "text 1: found a list"),
    "lists 50,000 deep": (
        b'{"inputs": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
        400,
        "body: is JSON of a kind that no",
    ),
    "a string of 10 MB": (inputs("a" * 10_000_000), 413, "body: is longer than 308096 bytes"),
    "10,000 sentences": (inputs(*["Yes!"] * 10_000), 413, "found 10000 texts, at most 1000 go into one request"),
    "1,000 sentences": (inputs(*["Yes!"] * 1000), 200, "Yes!"),
    "control characters": (inputs("".join(map(chr, range(32))) + "\x7f\x9f"), 200, "\x00"),
    "an unpaired surrogate": (rb'{"inputs": ["\udc00"]}', 400, "text 1: holds half of a surrogate pair"),
    "a surrogate pair": (rb'{"inputs": ["\ud83e\udd93"]}', 200, "🦓"),
    "right to left": (inputs("مرحبا بالعالم! שלום \u202e"), 200, "مرحبا"),
    "a word of 5,000 letters": (inputs("a" * 5000), 200, "aaa"),
    "a letter with 19,000 accents": (inputs("a" + "\u0301" * 19_000), 200, "a\u0301"),
    "9,000 joined emoji": (inputs("👨\u200d" * 9_000), 200, "👨"),
    "10,000 exclamation marks": (inputs("!" * 10_000), 200, "!!!"),
    "20,000 spaces": (inputs(" " * 20_000), 200, "   "),
    "20,000 line breaks": (inputs("\n" * 20_000), 200, "\n\n"),
    "20,001 characters": (inputs("a" * 20_001), 413, "found 20001 characters, at most 20000 go into one request"),
    "wrong columns": (
        b'{"dataframe_split": {"columns": ["a", "b"], "data": [["x", "y"]]}}',
        400,
        "dataframe_split: must",
    ),
    "no column": (b'{"dataframe_records": [{}]}', 400, "dataframe_records: must be objects with one column"),
    "broken JSON": (b'{"inputs": ["a"', 400, "body: is not JSON: Expecting ',' delimiter: line 1 column 16 (char 15)"),
    "no JSON": (b"inputs=a", 400, "body: is not JSON: Expecting value"),
    "a number of 4,000 digits": (b'{"inputs": [' + b"1" * 4000 + b"]}", 400, "text 1: found a number"),
    "a number of 5,000 digits": (b'{"inputs": [' + b"1" * 5000 + b"]}", 400, "body: is JSON of a kind"),
    "NaN": (b'{"inputs": ["a"], "params": {"length_penalty": NaN}}', 400, "body: is JSON of a kind"),
    "the same key twice": (b'{"inputs": ["a"], "inputs": ["b"]}', 400, "body: 'inputs' stands there more than once"),
    "25,000 keys": (b"{" + b",".join(b'"%d":1' % n for n in range(25_000)) + b"}", 400, "body: found '0', '1', '2'"),
    "not UTF-8": (b'{"inputs": ["\xff"]}', 400, "body: byte 14 is not UTF-8"),
    "UTF-16": ('{"inputs": ["a"]}'.encode("utf-16"), 400, "body: byte 1 is not UTF-8"),
    "unknown parameter": (inputs("a", beams=1), 400, "params: beams: no such parameter; the parameters are beam_width"),
    "a parameter on two lines": (inputs("a", **{"x\ny": 1}), 400, "params: x�y: no such parameter"),
    "beam_width=1000000": (
        inputs("a", beam_width=1_000_000),
        400,
        "params: beam_width: found '1000000', must be a whole",
    ),
    "beam_width=-1": (inputs("a", beam_width=-1), 400, "params: beam_width: found '-1', must be a whole number from 1"),
    "beam_width=1.5": (inputs("a", beam_width=1.5), 400, "params: beam_width: found '1.5', must be a whole number"),
    "length_penalty=1e999": (
        b'{"inputs": ["a"], "params": {"length_penalty": 1e999}}',
        400,
        "params: length_penalty: fo",
    ),
    "coverage without attention": (
        inputs("a", coverage_penalty=0.2),
        400,
        "params: coverage_penalty: found 0.2, must be",
    ),
    "coverage_penalty=5.1": (
        inputs("a", coverage_penalty=5.1),
        400,
        "params: coverage_penalty: found '5.1', must be a",
    ),
    "return_alignment=2": (inputs("a", return_alignment=2), 400, "params: return_alignment: found 2, must be true or"),
    "nothing": (b"", 400, "body: is not JSON: Expecting value: line 1 column 1 (char 0)"),
}


def test_alternatives_and_alignment_are_returned(server: tuple[str, str]) -> None:
    params = {"beam_width": 2, "n_best": 2, "return_alignment": True}
    (record,) = ask(server[0], {"inputs": ["One two."], "params": params})["predictions"]
    assert [found["translation"] for found in record["alternatives"]] == ["One two.", "One two"]
    assert record["alignment"] == [
        {"source": ["one", "two", "￭."], "target": ["one", "two", "￭."], "positions": [0, 1, 2]}
    ]


def test_given_translations_are_scored_and_confidence_is_told(server: tuple[str, str]) -> None:
    (scored,) = ask(server[0], {"inputs": ["Yes!\tNo!"], "params": {"score": True}})["predictions"]
    assert (scored["score"], scored["token_scores"]) == (-12.0, [-10.0, -1.0, -1.0])
    given = {"inputs": ["Yes!", "12:30"], "params": {"min_confidence": 0.95}}
    left_out, kept = ask(server[0], given)["predictions"]
    assert (left_out["translation"], left_out["confidence"]) == (None, pytest.approx(0.9))
    assert left_out["warning"].startswith("left out: the confidence is 0.9000")
    assert (kept["translation"], kept["confidence"]) == ("12:30", 1.0)


def raw_request(
    body: bytes = b'{"inputs": ["Yes!"]}',
    *headers: bytes,
    start: bytes = b"POST /invocations HTTP/1.1",
    kind: bytes = b"Content-Type: application/json",
) -> bytes:
    """A request as it goes over the wire, with a length unless the headers have one."""
    if not any(b"Content-Length" in header or b"Transfer-Encoding" in header for header in headers):
        headers = (*headers, b"Content-Length: %d" % len(body))
    return b"\r\n".join([start, b"Host: x", b"Connection: close", kind, *headers, b"", body])


INVALID = "Invalid HTTP request received."
TYPE = "Content-Type: must be application/json or text/csv, in UTF-8"
PATHS = "path: must be one of /live, /ready, /metrics, /ping, /health, /version, /invocations, /translate"
CHUNKS = (b'5\r\n{"inp\r\nf\r\nuts": ["Yes!"]}\r\n0\r\n\r\n', b"Transfer-Encoding: chunked")
HOSTILE_REQUESTS: dict[str, tuple[bytes, int, str]] = {
    **{case: (raw_request(body), status, message) for case, (body, status, message) in HOSTILE_BODIES.items()},
    "no content type": (raw_request(kind=b"X: y"), 415, TYPE),
    "content type of text": (raw_request(kind=b"Content-Type: text/plain"), 415, TYPE),
    "content type of Parquet": (raw_request(b"PAR1", kind=b"Content-Type: application/x-parquet"), 415, TYPE),
    "content type of bytes": (raw_request(kind=b"Content-Type: \xff;;\x80"), 415, TYPE),
    "two content types": (raw_request(b"{}", b"Content-Type: text/csv"), 415, TYPE),
    "another encoding": (raw_request(kind=b"Content-Type: application/json; charset=latin-1"), 415, TYPE),
    "gzip": (raw_request(gzip.compress(b"{}"), b"Content-Encoding: gzip"), 415, "Content-Encoding: must not be set"),
    "CSV": (raw_request(b"text\nYes!\n", kind=b"Content-Type: text/csv"), 200, "Yes!"),
    "CSV with two columns": (
        raw_request(b"a,b\n", kind=b"Content-Type: text/csv"),
        400,
        "body: must be CSV with one column",
    ),
    "a wrong path": (raw_request(start=b"POST /translated HTTP/1.1"), 404, PATHS),
    "LibreTranslate without a text": (
        raw_request(b"{}", start=b"POST /translate HTTP/1.1"),
        400,
        "Invalid request: miss",
    ),
    "LibreTranslate in bytes": (
        raw_request(b"\xff", start=b"POST /translate HTTP/1.1"),
        400,
        "body: byte 1 is not UTF-8",
    ),
    "GET /translate": (raw_request(start=b"GET /translate HTTP/1.1"), 405, "method: /translate takes POST"),
    "a glossary of numbers": (
        raw_request(b'{"inputs": ["a"], "glossary": {"a": 1}}'),
        400,
        "glossary: each side must hold",
    ),
    "MLflow's documentation": (raw_request(start=b"GET /openapi.json HTTP/1.1"), 404, PATHS),
    "a path out of the server": (raw_request(start=b"GET /../../etc/passwd HTTP/1.1"), 404, PATHS),
    "a path of bytes": (raw_request(start=b"GET /%00%ff HTTP/1.1"), 404, PATHS),
    "GET": (raw_request(start=b"GET /invocations HTTP/1.1"), 405, "method: /invocations takes POST"),
    "HEAD": (raw_request(start=b"HEAD /invocations HTTP/1.1"), 405, ""),
    "a method of one's own": (raw_request(start=b"BREW /invocations HTTP/1.1"), 405, "method: /invocations takes POST"),
    "chunks": (raw_request(*CHUNKS), 200, "Yes!"),
    "broken chunks": (raw_request(b"zz\r\nabc", b"Transfer-Encoding: chunked"), 400, INVALID),
    "compressed chunks": (raw_request(b"", b"Transfer-Encoding: gzip"), 400, INVALID),
    "a length too short": (raw_request(b'{"inputs": []}', b"Content-Length: 5"), 400, "body: is not JSON"),
    "a length below zero": (raw_request(b"{}", b"Content-Length: -5"), 400, INVALID),
    "two lengths": (raw_request(b"{}", b"Content-Length: 2", b"Content-Length: 3"), 400, INVALID),
    "a length of 10^18": (
        raw_request(b"{}", b"Content-Length: 1" + b"0" * 18),
        413,
        "body: is longer than 308096 bytes",
    ),
    "a header without a colon": (raw_request(b"{}", b"nonsense"), 400, INVALID),
    "a header of 1 MB": (raw_request(b"{}", b"X: " + b"a" * 1_000_000), 400, INVALID),
    "no host": (b"GET /ping HTTP/1.1\r\n\r\n", 400, INVALID),
    "a WebSocket": (
        raw_request(b"", b"Connection: Upgrade", b"Upgrade: websocket", start=b"GET / HTTP/1.1"),
        404,
        PATHS,
    ),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 200, 400, INVALID),
    "every byte there is": (bytes(range(256)) * 10, 400, INVALID),
}


def exchange(url: str, request: bytes) -> tuple[int, str]:
    """(status, body) of the answer to what goes over the wire."""
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=60) as connection:
        with suppress(ConnectionError):  # The server may answer before it has read everything.
            connection.sendall(request)
        answer = b""
        with suppress(ConnectionError):
            while part := connection.recv(1 << 16):
                answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body.decode()


@pytest.mark.parametrize("case", HOSTILE_REQUESTS)
def test_hostile_input_gets_a_clear_line_and_the_server_lives(server: tuple[str, str], case: str) -> None:
    url, _ = server
    request, expected, message = HOSTILE_REQUESTS[case]
    status, answer = exchange(url, request)
    assert status == expected, answer[:300]
    if status == 200:
        shown = "".join(json.loads(answer)["predictions"][:1])
    elif message in (INVALID, ""):
        shown = message if message in answer else answer
    else:
        document = json.loads(answer)
        assert set(document) in ({"error_code", "message"}, {"error"})
        shown = document.get("message") or document["error"]
        assert shown.isprintable()
        assert len(shown) < 300
    assert shown.startswith(message)
    assert not re.search(r"Traceback|site-packages|\.py\b|/tmp/|/root/|/home/|components|mlflow", answer)
    assert ask(url, {"inputs": ["Yes!"]}) == {"predictions": ["Yes!"]}
    print(f"| {case} | {status} | {shown[:70]!r} |")


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
kinds = st.sampled_from(["application/json"] * 5 + ["text/csv", "application/json; charset=utf-8", "text/plain"])
tokens = st.text(alphabet="abcXYZ019-_.~", min_size=1, max_size=20)
header_values = st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=40)
# No wrong length: for a body that does not come the server waits.
known = st.sampled_from(["Content-Type", "Transfer-Encoding", "Content-Encoding", "Expect", "Upgrade", "Connection"])
headers = st.lists(
    st.tuples(known | tokens, header_values | st.sampled_from(["0", "gzip", "x", "upgrade"])), max_size=4
)
methods = st.sampled_from(["POST"] * 9 + ["GET", "HEAD", "PUT"]) | tokens
paths = st.sampled_from(["/invocations"] * 9 + ["/ping", "/version", "/"]) | tokens.map("/{}".format)


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(bodies, kinds, st.just([]) | headers, methods, paths)
def test_ten_thousand_requests_of_any_kind(
    server: tuple[str, str], body: bytes, kind: str, headers: list[tuple[str, str]], method: str, path: str
) -> None:
    header_lines = [f"{name}: {value}".encode("latin-1") for name, value in headers]
    start, content_type = f"{method} {path} HTTP/1.1".encode(), f"Content-Type: {kind}".encode()
    status, answer = exchange(server[0], raw_request(body, *header_lines, start=start, kind=content_type))
    assert 200 <= status < 500, answer
    if method != "HEAD" and path == "/invocations" and INVALID not in answer:
        assert set(json.loads(answer)) == ({"predictions"} if status == 200 else {"error_code", "message"})


def test_a_taken_port_is_reported() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"cannot listen on 127.0.0.1 port {port}: Address already in use"):
            serve.main(["--port", str(port)])


def test_an_unknown_model_is_reported() -> None:
    with pytest.raises(InputError, match="model: models:/nobody@champion cannot be loaded"):
        serve.main(["--port", "0", "--model", "models:/nobody@champion"])
