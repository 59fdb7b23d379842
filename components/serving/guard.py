"""What stands between the network and MLflow's scoring application: limits, validation, errors that tell nothing."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from functools import partial
from http import HTTPStatus
from typing import Any

from components.errors import InputError
from components.serving.options import TranslationOptions
from components.serving.page import page_method
from components.serving.scoring import Limits, RefusedRequestError, ScoringRequest, read_request

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]
Answer = Callable[[Send], Awaitable[None]]

# Whoever sends a body so slowly does not want an answer.
BODY_SECONDS = 30.0
# A body that is too long is read to its end all the same, up to here: a client that is still sending does not listen.
DISCARDED_BYTES = 64 << 20
PATHS = {"/ping": "GET", "/health": "GET", "/version": "GET", "/invocations": "POST"}

_logger = logging.getLogger(__name__)


class Guard:
    """An ASGI application around MLflow's: it lets through what is valid, and answers the rest itself.

    Args:
        application: MLflow's scoring application.
        model: said to every client in the header ``model``.
        limits: of one request.
        slots: translations that run at the same time; the others wait their turn.
        check: raises InputError if the model cannot do what the options ask for.
        parameters: those that the model's signature names.
        page: answers at the paths that the page needs; without it there is nothing there.
    """

    def __init__(
        self,
        application: Application,
        model: str,
        limits: Limits,
        slots: int,
        check: Callable[[TranslationOptions], None],
        parameters: Collection[str],
        page: Application | None = None,
    ):
        self._application = application
        self._headers = [(b"model", model.encode("ascii", "replace"))]
        self._limits = limits
        self._check = check
        self._parameters = parameters
        self._page = page
        self._slots = asyncio.Semaphore(slots)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if self._page:  # It is started and ended with the server.
                await self._page(scope, receive, send)
            return
        try:
            answer = await self._answer(scope, receive)
        except RefusedRequestError as error:
            answer = partial(self._send, *_error(error.status, str(error)))
        except ConnectionAbortedError:
            return  # There is nobody to answer.
        except Exception:
            _logger.exception("a request failed")
            answer = partial(self._send, *_error(500, "the request failed; the server's log says why"))
        await answer(send)

    async def _answer(self, scope: MutableMapping[str, Any], receive: Receive) -> Answer:
        """What answers a request: the page, or what MLflow said.

        Raises:
            RefusedRequestError: if the request is not valid.
            ConnectionAbortedError: if the client has gone.
        """
        body = await self._admit(scope, receive)
        if self._page and scope["path"] not in PATHS:
            return partial(self._page, scope, _once_more(body, receive))
        return partial(self._send, *await self._score(scope, receive, body))

    async def _send(self, status: int, kind: bytes, body: bytes, send: Send) -> None:
        length = str(len(body)).encode()
        headers = [(b"content-type", kind), (b"content-length", length), *self._headers]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _admit(self, scope: MutableMapping[str, Any], receive: Receive) -> bytes:
        """The body of a request to a path that there is, whoever answers it.

        Raises:
            RefusedRequestError: if path or method are wrong, or the body is too long or does not arrive.
            ConnectionAbortedError: if the client has gone.
        """
        path = scope["path"]
        method = PATHS.get(path) or (page_method(path) if self._page else None)
        if method is None:
            raise RefusedRequestError(f"path: must be one of {', '.join(PATHS)}", 404)
        if scope["method"] != method:
            raise RefusedRequestError(f"method: {path} takes {method}", 405)
        announced = _header(scope, b"content-length")
        if announced and int(announced) > DISCARDED_BYTES:
            raise RefusedRequestError(f"body: is longer than {self._limits.body_bytes} bytes", 413)
        return await _read_body(receive, self._limits.body_bytes)

    async def _score(self, scope: MutableMapping[str, Any], receive: Receive, body: bytes) -> tuple[int, bytes, bytes]:
        """(status, content type, body) for a request with this body.

        Raises:
            RefusedRequestError: if the request is not valid.
            ConnectionAbortedError: if the client has gone.
        """
        if scope["method"] == "GET":
            return await self._ask_mlflow(scope, b"")
        if _header(scope, b"content-encoding") not in ("", "identity"):
            raise RefusedRequestError("Content-Encoding: must not be set, a body is taken as it is", 415)
        request: ScoringRequest = read_request(body, _header(scope, b"content-type"), self._limits)
        try:
            self._check(request.options)
        except InputError as error:
            raise RefusedRequestError(f"params: {error}") from None
        if not request.texts:  # MLflow takes an empty list for a table without columns.
            return 200, b"application/json", b'{"predictions": []}'
        told = request.body(self._parameters)
        gone = asyncio.ensure_future(receive())  # The body is here: the only thing left to happen.
        try:
            async with self._slots:
                if gone.done():
                    raise ConnectionAbortedError
                return await self._ask_mlflow(scope, told)
        finally:
            gone.cancel()

    async def _ask_mlflow(self, scope: MutableMapping[str, Any], body: bytes) -> tuple[int, bytes, bytes]:
        """MLflow's answer to a request with this body. What it says about an error is kept to ourselves."""
        answer: dict[str, Any] = {"status": 500, "kind": b"", "body": b""}

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer["status"] = message["status"]
                answer["kind"] = dict(message["headers"]).get(b"content-type", b"")
            else:
                answer["body"] += message.get("body", b"")

        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await self._application({**scope, "headers": headers, "query_string": b""}, receive, send)
        if answer["status"] != HTTPStatus.OK:
            raise RuntimeError(f"MLflow answered {answer['status']}: {answer['body'][:2000]!r}")
        return answer["status"], answer["kind"], answer["body"]


def _header(scope: MutableMapping[str, Any], name: bytes) -> str:
    """The value of a header, empty if there is none; several of one name stand behind one another."""
    return ", ".join(value.decode("latin-1") for found, value in scope["headers"] if found == name)


async def _read_body(receive: Receive, limit: int) -> bytes:
    """The body of a request.

    Raises:
        RefusedRequestError: if it is longer than ``limit`` bytes, or takes too long to arrive.
        ConnectionAbortedError: if the client has gone.
    """
    body = bytearray()
    length = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ConnectionAbortedError
                part = message.get("body", b"")
                length += len(part)
                if length <= limit:
                    body += part
                elif not message.get("more_body") or length > DISCARDED_BYTES:
                    raise RefusedRequestError(f"body: is longer than {limit} bytes", 413)
                if not message.get("more_body"):
                    return bytes(body)
    except TimeoutError:
        raise RefusedRequestError(f"body: did not arrive within {BODY_SECONDS:.0f} seconds", 408) from None


def _once_more(body: bytes, receive: Receive) -> Receive:
    """``receive`` of a request whose body was read: gives it first, in one message."""
    read: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return read.pop() if read else await receive()

    return receive_again


def _error(status: int, message: str) -> tuple[int, bytes, bytes]:
    """(status, content type, body) of an error, in MLflow's form."""
    code = {400: "BAD_REQUEST", 500: "INTERNAL_ERROR"}.get(status, HTTPStatus(status).name)
    return status, b"application/json", json.dumps({"error_code": code, "message": message}).encode()
