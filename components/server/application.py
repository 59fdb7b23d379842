"""The ASGI application: limits, MLflow's scoring protocol, errors that reveal nothing about the server."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from components.errors import InputError
from components.server.page import page_method
from components.server.scoring import JSON, Limits, RefusedRequestError, read_request
from components.serving.options import TranslationOptions
from components.serving.package import LoadedModel

# A body that takes longer to arrive is not waited for.
BODY_SECONDS = 30.0
# A body that is too long is read all the same, up to here: a client that is still sending does not read an answer.
DISCARDED_BYTES = 64 << 20

# Method, and what makes the response from a request and its body.
Route = tuple[str, Callable[[Request, bytes], Awaitable[ASGIApp]]]

_logger = logging.getLogger(__name__)


class ServedModel:
    """A packaged translator as requests reach it."""

    def __init__(self, loaded: LoadedModel):
        self.label = loaded.found.label
        self.translator = loaded.translator
        self._pyfunc = loaded.pyfunc
        schema = loaded.pyfunc.metadata.get_params_schema()
        self._parameters = {parameter.name for parameter in schema.params} if schema else set()

    def predict(self, texts: Sequence[str], params: Mapping[str, Any]) -> list[Any]:
        """The model's output for each text, shape [n] → [n]: here the texts of ``/invocations`` go into the model."""
        return self._pyfunc.predict(list(texts), params=dict(params))

    def params(self, options: TranslationOptions) -> dict[str, Any]:
        """The inference parameters for these options.

        All that the model's signature names are given, because an older model may have other defaults. MLflow would
        ignore the others.

        Raises:
            InputError: if the model cannot do what the options ask for, or does not know a parameter that differs from
                its default.
        """
        self.translator.settings.check(options)
        defaults, params = asdict(TranslationOptions()), asdict(options)
        for name in params.keys() - self._parameters:
            if (found := params.pop(name)) != defaults[name]:
                raise InputError(
                    f"{name}: found {found}, must be {defaults[name]} for this model, which was packaged before there"
                    " was this parameter"
                )
        return params


class Application:
    """The ASGI application: answers valid requests with the model's output, and the others with one clear line.

    Args:
        model: its name stands in the header ``model`` of every answer.
        limits: of one request.
        slots: requests that are translated at the same time; the others wait.
        page: answers at the paths that the page needs; without it those do not exist.
    """

    def __init__(self, model: ServedModel, limits: Limits, slots: int, page: ASGIApp | None = None):
        self._model = model
        self._headers = {"model": model.label.encode("ascii", "replace").decode()}
        self._limits = limits
        self._page = page
        self._slots = asyncio.Semaphore(slots)
        self._routes: dict[str, Route] = {
            "/ping": ("GET", self._ping),
            "/health": ("GET", self._ping),
            "/version": ("GET", self._version),
            "/invocations": ("POST", self._invocations),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if self._page:  # It starts and stops with the server.
                await self._page(scope, receive, send)
            return
        try:
            response = await self._response(Request(scope, receive))
        except RefusedRequestError as error:
            response = self._error(error.status, str(error))
        except ClientDisconnect:
            return
        except Exception:
            _logger.exception("a request failed")
            response = self._error(500, "the request failed; the server's log says why")
        await response(scope, receive, send)

    async def _response(self, request: Request) -> ASGIApp:
        """The response to a request, from its route.

        Raises:
            RefusedRequestError: if the request is not valid.
            ClientDisconnect: if the client has closed the connection.
        """
        path = request.scope["path"]
        if path in self._routes:
            method, respond = self._routes[path]
        elif self._page and (page := page_method(path)):
            method, respond = page, self._on_page
        else:
            raise RefusedRequestError(f"path: must be one of {', '.join(self._routes)}", 404)
        if request.method != method:
            raise RefusedRequestError(f"method: {path} takes {method}", 405)
        if int(request.headers.get("content-length", 0)) > DISCARDED_BYTES:
            raise RefusedRequestError(f"body: is longer than {self._limits.body_bytes} bytes", 413)
        return await respond(request, await _read_body(request, self._limits.body_bytes))

    async def _ping(self, request: Request, body: bytes) -> Response:
        return self._json(200, "\n")

    async def _version(self, request: Request, body: bytes) -> Response:
        return self._json(200, version("mlflow"))

    async def _invocations(self, request: Request, body: bytes) -> Response:
        if _header(request, "content-encoding") not in ("", "identity"):
            raise RefusedRequestError("Content-Encoding: must not be set, a body is taken as it is", 415)
        texts, options = read_request(body, _header(request, "content-type"), self._limits)
        try:
            params = self._model.params(options)
        except InputError as error:
            raise RefusedRequestError(f"params: {error}") from None
        # MLflow takes an empty list for a table without columns.
        predictions = await self._predict(request, texts, params) if texts else []
        return self._json(200, json.dumps({"predictions": predictions}))

    async def _predict(self, request: Request, texts: Sequence[str], params: Mapping[str, Any]) -> list[Any]:
        """The model's output, when a slot is free and if the client still waits for it."""
        disconnect = asyncio.ensure_future(request.receive())  # The body has been read: nothing else can arrive.
        try:
            async with self._slots:
                if disconnect.done():
                    raise ClientDisconnect
                return await asyncio.to_thread(self._model.predict, texts, params)
        finally:
            disconnect.cancel()

    async def _on_page(self, request: Request, body: bytes) -> ASGIApp:
        messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive_again() -> Message:
            return messages.pop() if messages else await request.receive()

        async def respond(scope: Scope, receive: Receive, send: Send) -> None:
            assert self._page
            await self._page(scope, receive_again, send)

        return respond

    def _json(self, status: int, content: str) -> Response:
        return Response(content, status, self._headers, JSON)

    def _error(self, status: int, message: str) -> Response:
        """An error in MLflow's form."""
        code = {400: "BAD_REQUEST", 500: "INTERNAL_ERROR"}.get(status, HTTPStatus(status).name)
        return self._json(status, json.dumps({"error_code": code, "message": message}))


def _header(request: Request, name: str) -> str:
    """The value of a header, empty if there is none; several of one name stand behind one another."""
    return ", ".join(request.headers.getlist(name))


async def _read_body(request: Request, limit: int) -> bytes:
    """The body of a request.

    Raises:
        RefusedRequestError: if it is longer than ``limit`` bytes, or takes too long to arrive.
        ClientDisconnect: if the client has closed the connection.
    """
    body, length = bytearray(), 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                length += len(chunk)
                if length <= limit:
                    body += chunk
                elif length > DISCARDED_BYTES:
                    break
    except TimeoutError:
        raise RefusedRequestError(f"body: did not arrive within {BODY_SECONDS:.0f} seconds", 408) from None
    if length > limit:
        raise RefusedRequestError(f"body: is longer than {limit} bytes", 413)
    return bytes(body)
