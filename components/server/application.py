"""The ASGI application: limits, MLflow's scoring protocol, errors that reveal nothing about the server."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from importlib.metadata import version

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from components.errors import InputError
from components.server.models import Models, ServedModel
from components.server.page import page_method
from components.server.scoring import JSON, Limits, RefusedRequestError, read_request
from components.server.waiting import Waiting

# A body that takes longer to arrive is not waited for.
BODY_SECONDS = 30.0
# A body that is too long is read all the same, up to here: a client that is still sending does not read an answer.
DISCARDED_BYTES = 64 << 20

# Method, and what makes the response from a request and its body.
Route = tuple[str, Callable[[Request, bytes], Awaitable[ASGIApp]]]

_logger = logging.getLogger(__name__)


class Application:
    """The ASGI application: answers valid requests with the model's output, and the others with one clear line.

    Args:
        models: the model that answers; its name stands in the header ``model`` of every answer.
        limits: of one request.
        most_waiting: requests that may wait for their translations.

    ``page`` answers at the paths that the page needs; without it those do not exist. ``running`` counts the requests
    that have arrived and are not answered. ``draining`` is set when the server is about to end: what has arrived is
    answered, what comes then is sent elsewhere.
    """

    def __init__(self, models: Models, limits: Limits, most_waiting: int):
        self.page: ASGIApp | None = None
        self.running = 0
        self.draining = False
        self._models = models
        self._limits = limits
        self._waiting = Waiting(most_waiting)
        self._routes: dict[str, Route] = {
            "/live": ("GET", self._live),
            "/ready": ("GET", self._ready),
            "/ping": ("GET", self._ping),
            "/health": ("GET", self._ping),
            "/version": ("GET", self._version),
            "/invocations": ("POST", self._invocations),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.running += 1
        try:
            response = await self._answer(Request(scope, receive))
            await response(scope, receive, send)
        except ClientDisconnect:
            return
        finally:
            self.running -= 1

    async def _answer(self, request: Request) -> ASGIApp:
        try:
            return await self._response(request)
        except RefusedRequestError as error:
            return self._error(error)
        except ClientDisconnect:
            raise
        except Exception:
            _logger.exception("a request failed")
            return self._error(RefusedRequestError("the request failed; the server's log says why", 500))

    async def _response(self, request: Request) -> ASGIApp:
        """The response to a request, from its route.

        Raises:
            RefusedRequestError: if the request is not valid.
            ClientDisconnect: if the client has closed the connection.
        """
        path = request.scope["path"]
        if path in self._routes:
            method, respond = self._routes[path]
        elif self.page and (page := page_method(path)):
            method, respond = page, self._on_page
        else:
            raise RefusedRequestError(f"path: must be one of {', '.join(self._routes)}", 404)
        if request.method != method:
            raise RefusedRequestError(f"method: {path} takes {method}", 405)
        if self.draining and method == "POST":
            raise RefusedRequestError("the server is about to end", 503, retry_after=1)
        if int(request.headers.get("content-length", 0)) > DISCARDED_BYTES:
            raise RefusedRequestError(f"body: is longer than {self._limits.body_bytes} bytes", 413)
        return await respond(request, await _read_body(request, self._limits.body_bytes))

    async def _live(self, request: Request, body: bytes) -> Response:
        return self._json(200, json.dumps({"status": "live"}))

    async def _ready(self, request: Request, body: bytes) -> Response:
        """Whether further requests should come here, and which version should answer but cannot."""
        status = "draining" if self.draining else "ready" if self._models.current else "loading"
        found = {"status": status, "model": self._models.current.label if self._models.current else None}
        if self._models.refused:
            found["refused"] = self._models.refused
        return self._json(200 if status == "ready" else 503, json.dumps(found))

    async def _ping(self, request: Request, body: bytes) -> Response:
        self._model()
        return self._json(200, "\n")

    async def _version(self, request: Request, body: bytes) -> Response:
        return self._json(200, version("mlflow"))

    async def _invocations(self, request: Request, body: bytes) -> Response:
        if _header(request, "content-encoding") not in ("", "identity"):
            raise RefusedRequestError("Content-Encoding: must not be set, a body is taken as it is", 415)
        texts, options, seconds = read_request(body, _header(request, "content-type"), self._limits)
        model = self._model()
        try:
            params = model.params(options)
        except InputError as error:
            raise RefusedRequestError(f"params: {error}") from None
        # MLflow takes an empty list for a table without columns.
        predictions = await self._waiting.run(request, lambda: model.predict(texts, params), seconds) if texts else []
        return self._json(200, json.dumps({"predictions": predictions}), model)

    def _model(self) -> ServedModel:
        """The model that answers a request, to its end.

        Raises:
            RefusedRequestError: if there is none yet.
        """
        if not self._models.current:
            raise RefusedRequestError("the server is still loading its model", 503, retry_after=1)
        return self._models.current

    async def _on_page(self, request: Request, body: bytes) -> ASGIApp:
        messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive_again() -> Message:
            return messages.pop() if messages else await request.receive()

        async def respond(scope: Scope, receive: Receive, send: Send) -> None:
            assert self.page
            await self.page(scope, receive_again, send)

        return respond

    def _json(self, status: int, content: str, model: ServedModel | None = None) -> Response:
        headers = {"Connection": "close"} if self.draining else {}
        if answering := model or self._models.current:
            headers["model"] = answering.label.encode("ascii", "replace").decode()
        return Response(content, status, headers, JSON)

    def _error(self, error: RefusedRequestError) -> Response:
        """An error in MLflow's form."""
        code = {400: "BAD_REQUEST", 500: "INTERNAL_ERROR"}.get(error.status, HTTPStatus(error.status).name)
        response = self._json(error.status, json.dumps({"error_code": code, "message": str(error)}))
        if error.retry_after:
            response.headers["Retry-After"] = str(error.retry_after)
        return response


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
