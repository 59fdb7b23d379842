"""The application around a model that notes what reaches it. What is refused is tested with the whole server."""

import asyncio
import threading
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from mlflow.types import ParamSchema, ParamSpec

from components.errors import InputError
from components.server import application as application_module
from components.server.application import Application
from components.server.models import ServedModel
from components.server.scoring import Limits
from components.serving.options import TranslationOptions

BODY = b'{"inputs": ["%d"]}'
SCOPE = {
    "type": "http",
    "method": "POST",
    "path": "/invocations",
    "headers": [(b"content-type", b"application/json")],
}


def model(*parameters: str, predict: Any = None) -> ServedModel:
    """A model whose signature has these parameters."""
    schema = ParamSchema([ParamSpec(name, "long", 1) for name in parameters])
    pyfunc = SimpleNamespace(metadata=SimpleNamespace(get_params_schema=lambda: schema), predict=predict)
    translator = SimpleNamespace(settings=SimpleNamespace(check=lambda options: None))
    found = SimpleNamespace(label="model", uri="model")
    return ServedModel(SimpleNamespace(found=found, translator=translator, pyfunc=pyfunc))  # type: ignore[arg-type]


def application_of(model: ServedModel, limits: Limits) -> Application:
    """One that translates a request at a time."""
    return Application(SimpleNamespace(current=model, refused=""), limits, slots=1)  # type: ignore[arg-type]


def test_the_model_is_given_all_parameters_that_it_knows() -> None:
    """Its own defaults may be others."""
    params = model("beam_width", "n_best", "return_scores").params(TranslationOptions(n_best=2))
    assert params == {"beam_width": 5, "n_best": 2, "return_scores": False}


def test_an_older_model_is_not_given_parameters_that_it_does_not_know() -> None:
    with pytest.raises(InputError, match="n_best: found 2, must be 1 for this model, which was"):
        model("beam_width").params(TranslationOptions(n_best=2))


def test_a_client_that_disconnects_while_it_waits_is_not_translated() -> None:
    reached: list[str] = []
    first_may_end = threading.Event()

    def predict(texts: Sequence[str], params: Mapping[str, Any]) -> list[str]:
        reached.extend(texts)
        first_may_end.wait(10)
        return list(texts)

    async def ask(application: Application, number: int, disconnect: asyncio.Event) -> list[Any]:
        messages = iter([{"type": "http.request", "body": BODY % number}])
        answer: list[Any] = []

        async def receive() -> Any:
            if message := next(messages, None):
                return message
            await disconnect.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            answer.append(message)

        await application(SCOPE, receive, send)
        return answer

    async def three() -> list[list[Any]]:
        application = application_of(model(*vars(TranslationOptions()), predict=predict), Limits())
        disconnect, stays = asyncio.Event(), asyncio.Event()
        asking = [asyncio.create_task(ask(application, n, disconnect if n == 1 else stays)) for n in range(3)]
        await asyncio.sleep(0.05)
        disconnect.set()
        await asyncio.sleep(0.05)
        first_may_end.set()
        return await asyncio.gather(*asking)

    first, second, third = asyncio.run(three())
    assert reached == ["0", "2"]
    assert first[0]["status"] == third[0]["status"] == 200
    assert first[1]["body"] == b'{"predictions": ["0"]}'
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
