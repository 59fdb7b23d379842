"""Connections that do nothing end; the real server, with less patience and an application that gives long answers."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import uvicorn

from components.server import server as server_module
from components.server.server import Connection

ANSWER = b"a" * (16 << 20)
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def application(scope: Any, receive: Any, send: Any) -> None:
    headers = [(b"content-length", str(len(ANSWER)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": ANSWER})


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[uvicorn.Server, int]]:
    """(Server, port)."""
    monkeypatch.setattr(server_module, "REQUEST_SECONDS", 0.5)
    monkeypatch.setattr(server_module, "ANSWER_SECONDS", 0.5)
    listener = socket.create_server(("127.0.0.1", 0))
    running = uvicorn.Server(uvicorn.Config(application, http=Connection, lifespan="off", log_level="critical"))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
    thread.start()
    yield running, listener.getsockname()[1]
    running.should_exit = True
    thread.join()


def received(client: socket.socket) -> bytes:
    """All that comes until the server ends the connection."""
    answer = b""
    try:
        while part := client.recv(1 << 20):
            answer += part
    except ConnectionResetError:
        pass
    return answer


@pytest.mark.parametrize("sent", [b"", b"GET / HT", REQUEST[:-2]], ids=["nothing", "a word", "a head without an end"])
def test_what_does_not_become_a_request_is_not_waited_for(server: tuple[uvicorn.Server, int], sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server[1]), timeout=20) as client:
        client.sendall(sent)
        assert received(client) == b""


def test_no_further_byte_gives_it_more_time(server: tuple[uvicorn.Server, int]) -> None:
    with socket.create_connection(("127.0.0.1", server[1]), timeout=20) as client:
        until = time.monotonic() + 20
        with suppress(BrokenPipeError, ConnectionResetError):
            while time.monotonic() < until:
                client.sendall(b"a")
                time.sleep(0.05)
        assert time.monotonic() < until


def test_an_answer_that_is_not_taken_is_given_up(server: tuple[uvicorn.Server, int]) -> None:
    running, port = server
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(REQUEST)
        client.recv(1)
        until = time.monotonic() + 20
        while running.server_state.connections and time.monotonic() < until:
            time.sleep(0.05)
        assert not running.server_state.connections
        assert len(received(client)) < len(ANSWER)


def test_a_slow_reader_gets_all_of_an_answer(server: tuple[uvicorn.Server, int]) -> None:
    with socket.create_connection(("127.0.0.1", server[1]), timeout=20) as client:
        client.sendall(REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        answer = b""
        while part := client.recv(1 << 20):
            answer += part
            time.sleep(0.04)  # More than ANSWER_SECONDS in all.
    assert answer.endswith(b"\r\n\r\n" + ANSWER)


def test_a_short_answer_that_is_not_taken_is_given_up_too(
    server: tuple[uvicorn.Server, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is short enough for the server to go on writing."""
    monkeypatch.setattr(f"{__name__}.ANSWER", b"a" * 50_000)
    running, port = server
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        client.settimeout(20)
        client.connect(("127.0.0.1", port))
        while not running.server_state.connections:
            time.sleep(0.01)
        (accepted,) = running.server_state.connections
        accepted.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2048)
        client.sendall(REQUEST)
        client.recv(1)
        until = time.monotonic() + 10
        while running.server_state.connections and time.monotonic() < until:
            time.sleep(0.05)
        assert not running.server_state.connections
