"""The ASGI application: limits, MLflow's scoring protocol, errors that reveal nothing about the server."""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from functools import partial
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from components.errors import InputError
from components.server import metrics
from components.server.glossary import Glossary, Used
from components.server.keys import Keys, bearer
from components.server.libretranslate import frontend_settings, languages, read_translate
from components.server.markup import translate_html
from components.server.metrics import Metrics
from components.server.models import Models, ServedModel
from components.server.page import page_method
from components.server.scoring import JSON, Limits, RefusedRequestError, read_request
from components.server.waiting import Waiting
from components.serving.options import TranslationOptions
from components.serving.translation import Hypothesis, Translation
from components.serving.translator import sides

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
        keys: who may ask.
        glossary: terms that are translated so in every text; a request may bring further ones.

    ``page`` answers at the paths that the page needs; without it those do not exist. ``running`` counts the requests
    that have arrived and are not answered. ``draining`` is set when the server is about to end: what has arrived is
    answered, what comes then is sent elsewhere.
    """

    def __init__(self, models: Models, limits: Limits, most_waiting: int, keys: Keys, glossary: Glossary):
        self.page: ASGIApp | None = None
        self.running = 0
        self.draining = False
        self._models = models
        self._limits = limits
        self._waiting = Waiting(most_waiting)
        self._keys = keys
        self._glossary = glossary
        self._metrics = Metrics()
        self._routes: dict[str, Route] = {
            "/live": ("GET", self._live),
            "/ready": ("GET", self._ready),
            "/metrics": ("GET", self._show_metrics),
            "/ping": ("GET", self._ping),
            "/health": ("GET", self._ping),
            "/version": ("GET", self._version),
            "/invocations": ("POST", self._invocations),
            "/translate": ("POST", self._translate),
            "/languages": ("GET", self._languages),
            "/frontend/settings": ("GET", self._frontend_settings),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.monotonic()
        status = 0

        async def send_noting(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        self.running += 1
        try:
            response = await self._answer(Request(scope, receive))
            await response(scope, receive, send_noting)
        except ClientDisconnect:
            return
        finally:
            self.running -= 1
            path = scope["path"] if scope["path"] in self._routes else "other"
            self._metrics.answered(path, status, time.monotonic() - began)

    async def _answer(self, request: Request) -> ASGIApp:
        try:
            return await self._response(request)
        except RefusedRequestError as error:
            return self._error(request, error)
        except ClientDisconnect:
            raise
        except Exception:
            _logger.exception("a request failed")
            return self._error(request, RefusedRequestError("the request failed; the server's log says why", 500))

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
        return self._json({"status": "live"})

    async def _ready(self, request: Request, body: bytes) -> Response:
        """Whether further requests should come here, and which version should answer but cannot."""
        status = "draining" if self.draining else "ready" if self._models.current else "loading"
        found = {"status": status, "model": self._models.current.label if self._models.current else None}
        if self._models.refused:
            found["refused"] = self._models.refused
        return self._json(found, status=200 if status == "ready" else 503)

    async def _show_metrics(self, request: Request, body: bytes) -> Response:
        return Response(self._metrics.page(self._models.current, self.running), media_type=metrics.CONTENT_TYPE)

    async def _ping(self, request: Request, body: bytes) -> Response:
        self._model()
        return Response("\n", headers=self._headers(), media_type=JSON)

    async def _version(self, request: Request, body: bytes) -> Response:
        return Response(version("mlflow"), headers=self._headers(), media_type=JSON)

    async def _invocations(self, request: Request, body: bytes) -> Response:
        """MLflow's scoring protocol."""
        if _header(request, "content-encoding") not in ("", "identity"):
            raise RefusedRequestError("Content-Encoding: must not be set, a body is taken as it is", 415)
        texts, options, seconds, terms = read_request(body, _header(request, "content-type"), self._limits)
        self._keys.admit(bearer(_header(request, "authorization")), sum(map(len, texts)))
        model = self._model()
        try:
            model.translator.settings.check(options)
            glossary = self._glossary.with_terms(Glossary.checked(terms or {}))
        except InputError as error:
            raise RefusedRequestError(str(error) if str(error).startswith("glossary") else f"params: {error}") from None
        if options.score:
            if terms:
                raise RefusedRequestError("glossary: must not stand beside score: nothing is translated")
            scores = await self._waiting.run(request, lambda: model.translator.score(*sides(texts)), seconds)
            return self._json({"predictions": [score.record() for score in scores]}, model)
        work = partial(self._translations, model, texts, options, glossary)
        translations, used = await self._waiting.run(request, work, seconds)
        found: dict[str, Any] = {
            "predictions": [
                translation.text if options.plain else translation.record(options.return_alignment)
                for translation in translations
            ]
        }
        if glossary:
            found["glossary"] = [list(map(asdict, terms)) for terms in used]
        return self._json(found, model)

    async def _translate(self, request: Request, body: bytes) -> Response:
        """LibreTranslate's."""
        asked = read_translate(body, _header(request, "content-type"), request.scope["query_string"], self._limits)
        self._keys.admit(asked.key or bearer(_header(request, "authorization")), sum(map(len, asked.texts)))
        model = self._model()
        asked.check(model.translator.codec.settings)
        options = TranslationOptions(max(5, asked.alternatives + 1), n_best=asked.alternatives + 1)
        glossary = self._glossary.with_terms(asked.glossary)
        used: list[list[Used]] = []

        def hypotheses(texts: Sequence[str], options: TranslationOptions) -> list[tuple[Hypothesis, ...]]:
            translations, terms = self._translations(model, texts, options, glossary)
            used.extend(terms)
            return [translation.hypotheses for translation in translations]

        def work() -> list[list[str]]:
            if asked.html:
                return translate_html(model.translator, hypotheses, asked.texts, options)
            return [[one.text for one in found] for found in hypotheses(asked.texts, options)]

        found = asked.answer(await self._waiting.run(request, work))
        if glossary:
            found["glossary"] = [asdict(term) for terms in used for term in terms]
        return self._json(found, model)

    async def _languages(self, request: Request, body: bytes) -> Response:
        return self._json(languages(self._model().translator.codec.settings))

    async def _frontend_settings(self, request: Request, body: bytes) -> Response:
        settings = self._model().translator.codec.settings
        return self._json(frontend_settings(settings, self._limits, self._keys.required))

    def _model(self) -> ServedModel:
        """The model that answers a request, to its end.

        Raises:
            RefusedRequestError: if there is none yet.
        """
        if not self._models.current:
            raise RefusedRequestError("the server is still loading its model", 503, retry_after=1)
        return self._models.current

    def _translations(
        self, model: ServedModel, texts: Sequence[str], options: TranslationOptions, glossary: Glossary
    ) -> tuple[list[Translation], list[list[Used]]]:
        """The translations of texts, shape [n], and which terms stand in each."""
        self._metrics.meet(model)
        found = glossary.translate(model.translator, texts, options)
        self._metrics.translated(model, found[0])
        return found

    async def _on_page(self, request: Request, body: bytes) -> ASGIApp:
        messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive_again() -> Message:
            return messages.pop() if messages else await request.receive()

        async def respond(scope: Scope, receive: Receive, send: Send) -> None:
            assert self.page
            await self.page(scope, receive_again, send)

        return respond

    def _headers(self, model: ServedModel | None = None) -> dict[str, str]:
        headers = {"Connection": "close"} if self.draining else {}
        if answering := model or self._models.current:
            headers["model"] = answering.label.encode("ascii", "replace").decode()
        return headers

    def _json(self, content: Any, model: ServedModel | None = None, status: int = 200) -> Response:
        return Response(json.dumps(content), status, self._headers(model), JSON)

    def _error(self, request: Request, error: RefusedRequestError) -> Response:
        """An error in MLflow's form, or in LibreTranslate's."""
        code = {400: "BAD_REQUEST", 500: "INTERNAL_ERROR"}.get(error.status, HTTPStatus(error.status).name)
        content = {"error_code": code, "message": str(error)}
        if request.scope["path"] in ("/translate", "/languages", "/frontend/settings", "/detect"):
            content = {"error": str(error)}
        response = self._json(content, status=error.status)
        if error.retry_after:
            response.headers["Retry-After"] = str(error.retry_after)
        if error.status == HTTPStatus.UNAUTHORIZED:
            response.headers["WWW-Authenticate"] = "Bearer"
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
