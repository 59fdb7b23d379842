"""The application around a model that notes what reaches it. What is refused is tested with the whole server."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from components.server import application as application_module
from components.server.application import Application
from components.server.glossary import Glossary
from components.server.keys import Keys
from components.server.models import ServedModel
from components.server.scoring import Limits
from components.serving.batching import SearchQueue
from components.serving.options import TranslationOptions
from components.serving.translation import Hypothesis, Translation

BODY = b'{"inputs": ["%d"]}'
SCOPE = {
    "type": "http",
    "method": "POST",
    "path": "/invocations",
    "headers": [(b"content-type", b"application/json")],
}


def model(translate: Any = None) -> ServedModel:
    """A model that translates so."""
    settings = SimpleNamespace(check=lambda options: None)
    translator = SimpleNamespace(settings=settings, translate=translate, queue=SimpleNamespace())
    found = SimpleNamespace(label="model", uri="model", metadata=SimpleNamespace(metadata=None))
    return ServedModel(SimpleNamespace(found=found, translator=translator))  # type: ignore[arg-type]


def application_of(model: ServedModel, limits: Limits) -> Application:
    """At most three requests may wait."""
    return Application(SimpleNamespace(current=model, refused=""), limits, 3, Keys(), Glossary({}))  # type: ignore[arg-type]


class Asked:
    """Requests to an application whose model gives each number back, searching for one at a time as it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr("os.cpu_count", lambda: 1)
        self.searched: list[int] = []
        self.may_search = threading.Event()
        self._queue = SearchQueue(self._search, invariant=False)
        self._application = application_of(model(self._translate), Limits())

    def _translate(self, texts: Sequence[str], options: TranslationOptions) -> list[Translation]:
        numbers = [np.array([int(text)], np.int32) for text in texts]
        found = self._queue.find(numbers, 1, 1.0, 0.0)
        return [Translation((Hypothesis(str(one.ids[0, 0]), 0.0),)) for _, one in found]

    def _search(self, source: np.ndarray, *options: float) -> dict[str, np.ndarray]:
        self.searched.append(int(source[0, 0]))
        self.may_search.wait(10)
        return {"ids": source[:, None], "scores": np.zeros((1, 1)), "alignment": source[:, None]}

    async def ask(self, number: int, disconnect: asyncio.Event | None = None, timeout: str = "") -> tuple[int, str]:
        """(status, answer); (0, "") if there was none."""
        messages = iter([{"type": "http.request", "body": BODY % number}])
        answer: list[Any] = []

        async def receive() -> Any:
            if message := next(messages, None):
                return message
            await (disconnect or asyncio.Event()).wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            answer.append(message)

        headers = [*SCOPE["headers"], *([(b"x-request-timeout", timeout.encode())] if timeout else [])]
        await self._application({**SCOPE, "headers": headers}, receive, send)
        if not answer:
            return 0, ""
        self.headers = dict(answer[0]["headers"])
        return answer[0]["status"], answer[1]["body"].decode()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    return Asked(monkeypatch)


def test_what_nobody_waits_for_any_more_is_not_translated(asked: Asked) -> None:
    async def three() -> list[tuple[int, str]]:
        disconnect = asyncio.Event()
        first = asyncio.create_task(asked.ask(5))
        await _until(lambda: asked.searched == [5])
        gone = asyncio.create_task(asked.ask(6, disconnect=disconnect))
        late = await asked.ask(7, timeout="0.05")
        disconnect.set()
        answers = [await gone, late]
        asked.may_search.set()
        return [await first, *answers, await asked.ask(8, timeout="9")]

    answers = asyncio.run(three())
    assert answers[0] == (200, '{"predictions": ["5"]}')
    assert answers[1] == (0, "")
    assert answers[2][0] == 504
    assert "not there after 0.05 seconds" in answers[2][1]
    assert answers[3] == (200, '{"predictions": ["8"]}')
    assert asked.searched == [5, 8]


def test_no_more_requests_wait_than_may(asked: Asked) -> None:
    async def four() -> list[tuple[int, str]]:
        waiting = [asyncio.create_task(asked.ask(number)) for number in (5, 6, 7)]
        await asyncio.sleep(0)
        refused = await asked.ask(8)
        retry_after = asked.headers[b"retry-after"]
        asked.may_search.set()
        assert retry_after == b"1"
        return [refused, *[await one for one in waiting], await asked.ask(9)]

    refused, *others = asyncio.run(four())
    assert refused[0] == 503
    assert "3 requests wait already" in refused[1]
    assert others == [(200, f'{{"predictions": ["{number}"]}}') for number in (5, 6, 7, 9)]


@pytest.mark.parametrize("timeout", ["soon", "0", "-1", "nan", "inf"])
def test_a_deadline_is_a_number_of_seconds(asked: Asked, timeout: str) -> None:
    status, answer = asyncio.run(asked.ask(5, timeout=timeout))
    assert status == 400
    assert "X-Request-Timeout: must be a number of seconds, more than 0" in answer


async def _until(is_so: Callable[[], bool]) -> None:
    while not is_so():
        await asyncio.sleep(0.01)


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

    application = application_of(model(), Limits(texts=1, characters=1))
    application.page = page
    scope = {**SCOPE, "method": method, "path": path}
    asyncio.run(asyncio.wait_for(application(scope, receive, send), 10))
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
    monkeypatch.setattr(application_module, "BODY_SECONDS", 0.1)
    assert ask_page("POST", "/gradio_api/queue/join", b"{", arrives=False) == (408, b"")
