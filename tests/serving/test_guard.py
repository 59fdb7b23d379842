"""The guard before an application that notes what reaches it. What it refuses is tested with the whole server."""

import asyncio
from typing import Any

import pytest

from components.serving import guard as guard_module
from components.serving.guard import Guard
from components.serving.scoring import Limits

BODY = b'{"inputs": ["%d"]}'
SCOPE = {
    "type": "http",
    "method": "POST",
    "path": "/invocations",
    "headers": [(b"content-type", b"application/json")],
}


def test_who_has_gone_while_he_waited_is_not_translated() -> None:
    reached: list[bytes] = []
    first_may_end = asyncio.Event()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        reached.append((await receive())["body"])
        await first_may_end.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    async def ask(guard: Guard, number: int, gone: asyncio.Event) -> list[Any]:
        messages = iter([{"type": "http.request", "body": BODY % number}])
        answer: list[Any] = []

        async def receive() -> Any:
            if message := next(messages, None):
                return message
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            answer.append(message)

        await guard(SCOPE, receive, send)
        return answer

    async def three() -> list[list[Any]]:
        guard = Guard(application, "model", Limits(), slots=1, check=lambda options: None, parameters=())
        gone, stays = asyncio.Event(), asyncio.Event()
        asking = [asyncio.create_task(ask(guard, n, gone if n == 1 else stays)) for n in range(3)]
        await asyncio.sleep(0.05)
        gone.set()
        await asyncio.sleep(0.05)
        first_may_end.set()
        return await asyncio.gather(*asking)

    first, second, third = asyncio.run(three())
    assert [b'"0"' in reached[0], b'"2"' in reached[1], len(reached)] == [True, True, 2]
    assert first[0]["status"] == third[0]["status"] == 200
    assert second == []


def ask_page(method: str, path: str, *parts: bytes, arrives: bool = True) -> tuple[int, bytes]:
    """(status, what reached the page) of a request whose body comes in these parts, and wholly if it ``arrives``."""
    reached = bytearray()
    answer: list[Any] = []

    async def page(scope: Any, receive: Any, send: Any) -> None:
        while True:
            message = await receive()
            reached.extend(message["body"])
            if not message["more_body"]:
                break
        await send({"type": "http.response.start", "status": 200, "headers": []})

    messages = [
        {"type": "http.request", "body": part, "more_body": not arrives or number < len(parts)}
        for number, part in enumerate(parts, 1)
    ]

    async def receive() -> Any:
        return messages.pop(0) if messages else await asyncio.Event().wait()

    async def send(message: Any) -> None:
        answer.append(message)

    async def nothing(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("MLflow was asked")

    limits = Limits(texts=1, characters=1)
    guard = Guard(nothing, "model", limits, slots=1, check=lambda options: None, parameters=(), page=page)
    scope = {**SCOPE, "method": method, "path": path}
    asyncio.run(asyncio.wait_for(guard(scope, receive, send), 10))
    return answer[0]["status"], bytes(reached)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/assets/Blocks-D1GWYZdr.js"),
        ("GET", "/static/js/iframeResizer.contentWindow.min.js"),
        ("GET", "/gradio_api/queue/data"),
    ],
)
def test_the_page_has_what_it_needs(method: str, path: str) -> None:
    assert ask_page(method, path, b"") == (200, b"")


def test_the_page_gets_the_whole_body() -> None:
    assert ask_page("POST", "/gradio_api/queue/join", b"{", b"}") == (200, b"{}")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/gradio_api/upload", 404),
        ("GET", "/gradio_api/file=/etc/passwd", 404),
        ("GET", "/gradio_api/info", 404),
        ("GET", "/config", 404),
        ("GET", "/docs", 404),
        ("GET", "/openapi.json", 404),
        ("GET", "/assets/../page.py", 404),
        ("GET", "/assets/.hidden", 404),
        ("GET", "/assets/", 404),
        ("POST", "/", 405),
        ("GET", "/gradio_api/queue/join", 405),
    ],
)
def test_the_page_has_nothing_else(method: str, path: str, status: int) -> None:
    assert ask_page(method, path, b"") == (status, b"")


def test_what_the_page_is_sent_has_the_same_limit() -> None:
    assert ask_page("POST", "/gradio_api/queue/join", b"a" * 3000, b"a" * 3000) == (413, b"")


def test_what_the_page_is_sent_has_to_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard_module, "BODY_SECONDS", 0.1)
    assert ask_page("POST", "/gradio_api/queue/join", b"{", arrives=False) == (408, b"")
