"""Who may ask, how often and for how much."""

import hashlib
import json
import socket
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from components.errors import InputError
from components.server.keys import Client, Keys, bearer
from components.server.models import ServedModel
from components.server.scoring import RefusedRequestError
from components.server.server import ServeParameters, check_access
from tests.server.conftest import listening

SECRET = "a-key-that-nobody-guesses"
HASH = hashlib.sha256(SECRET.encode()).hexdigest()
NOON = 43_200.0


def keys(now: list[float], **limits: int) -> Keys:
    return Keys((Client("other", "0" * 64), Client("partner", HASH, **limits)), lambda: now[0])


def refused(keys: Keys, key: str, characters: int = 1) -> RefusedRequestError:
    with pytest.raises(RefusedRequestError) as refusal:
        keys.admit(key, characters)
    assert SECRET not in str(refusal.value)
    return refusal.value


def test_no_key_is_401_and_a_wrong_one_403() -> None:
    some = keys([NOON])
    assert refused(some, "").status == 401
    assert refused(some, SECRET[:-1]).status == 403
    assert refused(some, HASH).status == 403
    assert refused(some, "\udc80").status == 403
    some.admit(SECRET, 10**9)


def test_requests_a_minute() -> None:
    now = [NOON]
    some = keys(now, requests_per_minute=2)
    some.admit(SECRET, 1)
    now[0] += 20
    some.admit(SECRET, 1)
    refusal = refused(some, SECRET)
    assert (refusal.status, refusal.retry_after) == (429, 41)
    now[0] += refusal.retry_after
    some.admit(SECRET, 1)


def test_characters_a_day() -> None:
    now = [NOON]
    some = keys(now, characters_per_day=10)
    some.admit(SECRET, 7)
    refusal = refused(some, SECRET, 4)
    assert (refusal.status, refusal.retry_after) == (429, 43_200)
    some.admit(SECRET, 3)
    now[0] += refusal.retry_after
    some.admit(SECRET, 10)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "there is no key in it"),
        ("[a", "api_keys: "),
        ("a = 1", r"\[a\] must have sha256 and may have requests_per_minute and characters_per_day, nothing else"),
        ("[a]\nsha256 = 'x'", "sha256 must be 64 hexadecimal digits"),
        (f"[a]\nsha256 = '{HASH}'\nrequests_per_minute = -1", "requests_per_minute: found -1, must be a whole number"),
        (f"[a]\nsha256 = '{HASH}'\n[b]\nsha256 = '{HASH}'", "two names have the same key"),
    ],
)
def test_files_that_are_not_valid(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "keys.toml"
    path.write_text(content)
    with pytest.raises(InputError, match=message):
        Keys.read(str(path))


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    path.write_text(f'["a partner"]\nsha256 = "{HASH}"\nrequests_per_minute = 1\n')
    some = Keys.read(str(path))
    some.admit(SECRET, 1)
    assert refused(some, SECRET).status == 429


def ask(url: str, path: str, document: Any, **headers: str) -> tuple[int, Any, Any]:
    request = urllib.request.Request(
        url + path, json.dumps(document).encode(), {"Content-Type": "application/json", **headers}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.headers, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, error.headers, json.load(error)


def test_keys_over_http(served: ServedModel, caplog: pytest.LogCaptureFixture) -> None:
    text = {"inputs": ["Yes!"]}
    libre = {"q": "Yes!", "source": "en", "target": "en-x-echo"}
    with listening(served, keys([NOON], requests_per_minute=3)) as url:
        status, headers, answer = ask(url, "/invocations", text)
        assert (status, headers["WWW-Authenticate"], answer["error_code"]) == (401, "Bearer", "UNAUTHORIZED")
        assert ask(url, "/translate", {**libre, "api_key": "wrong"})[::2] == (
            403,
            {"error": "this API key is not valid"},
        )
        assert ask(url, "/invocations", text, Authorization=f"Bearer {SECRET}")[0] == 200
        assert ask(url, "/translate", libre, Authorization=f"Bearer {SECRET}")[0] == 200
        assert ask(url, "/translate", {**libre, "api_key": SECRET})[0] == 200
        status, headers, _ = ask(url, "/translate", {**libre, "api_key": SECRET})
        assert (status, headers["Retry-After"]) == (429, "61")
        with urllib.request.urlopen(url + "/metrics", timeout=10) as page:
            assert SECRET not in page.read().decode()
    assert SECRET not in caplog.text


def test_a_key_in_a_header() -> None:
    assert [bearer(header) for header in ("Bearer abc", "bearer  abc ", "Basic abc", "abc", "")] == [
        "abc",
        "abc",
        "",
        "",
        "",
    ]


def test_nobody_listens_to_the_world_by_mistake() -> None:
    with socket.create_server(("0.0.0.0", 0)) as everywhere, socket.create_server(("127.0.0.1", 0)) as here:
        check_access(ServeParameters(), here)
        check_access(ServeParameters(host="0.0.0.0", open=True), everywhere)
        check_access(ServeParameters(host="0.0.0.0", api_keys="keys.toml"), everywhere)
        with pytest.raises(InputError, match=r"host: 0\.0\.0\.0 can be reached from elsewhere: give api_keys"):
            check_access(ServeParameters(host="0.0.0.0"), everywhere)
        with pytest.raises(InputError, match="page: found true, must be false with api_keys"):
            check_access(ServeParameters(api_keys="keys.toml", page=True), here)
