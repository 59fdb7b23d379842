"""The HTTP server: a packaged translator answers at a socket until it is interrupted."""

import asyncio
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from components.parameters import parameter
from components.server.application import Application, ServedModel
from components.server.scoring import Limits
from components.serving.package import FORMS, load_model

# Connections at once; one beyond that is answered with status 503.
MAX_CONNECTIONS = 512
# For the head of a request, from the connection or from its first byte on.
REQUEST_SECONDS = 10.0
# In which a client must take some part of an answer.
ANSWER_SECONDS = 30.0


@dataclass(frozen=True)
class ServeParameters:
    """Which model answers, and where."""

    model: str = parameter("models:/nmt-en-fr@champion", f"the model: {FORMS}")
    host: str = parameter("127.0.0.1", "the address to listen on; 0.0.0.0: all of this machine's")
    port: int = parameter(5001, "the TCP port to listen on; 0: any free one", minimum=0, maximum=65535)
    max_texts: int = parameter(1000, "texts that one request may hold", minimum=1)
    max_characters: int = parameter(20_000, "characters that one request may hold, all texts together", minimum=1)
    page: bool = parameter(False, "also show a page on which a person can try the model, at /")


def serve(parameters: ServeParameters, listener: socket.socket, when_ready: Callable[[str], None]) -> None:
    """Answers at ``listener``, a bound socket, until it is interrupted.

    Calls ``when_ready`` with the model's name once requests are answered.

    Raises:
        InputError: if the model cannot be loaded.
    """
    slots = set_threads()
    model = ServedModel(load_model(parameters.model))
    limits = Limits(parameters.max_texts, parameters.max_characters)
    page = None
    if parameters.page:
        from components.server.page import page_application  # Gradio takes seconds; most servers show no page.

        page = page_application(model, limits, slots)

    class Announced(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            when_ready(model.label)

    config = uvicorn.Config(
        Application(model, limits, slots, page),
        http=Connection,
        ws="none",
        log_level="warning",
        server_header=False,
        limit_concurrency=MAX_CONNECTIONS,
        lifespan="on" if page else "off",
    )
    with suppress(KeyboardInterrupt):
        Announced(config).run(sockets=[listener])


def set_threads() -> int:
    """Divides the cores between requests, before TensorFlow is imported; returns how many are answered at a time."""
    slots = os.cpu_count() or 1
    # Several translations in parallel use the cores better than several cores for the small products of one.
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
    os.environ.setdefault("TF_NUM_INTEROP_THREADS", str(slots))
    return slots


class Connection(H11Protocol):
    """uvicorn's connection with two time limits: for sending a whole request, and for taking the answer.

    uvicorn waits forever for both: some hundred idle connections would keep everybody else out.
    """

    _request_due: asyncio.TimerHandle | None = None
    _answer_due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # Writing then pauses with the first byte that the client does not take, and resumes with the last one taken:
        # in between nothing is added, and only what the client takes makes the buffer smaller.
        transport.set_write_buffer_limits(high=0)
        self._expect_request()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._expect_request()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        for timer in (self._request_due, self._answer_due):
            if timer:
                timer.cancel()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._expect_reading()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._answer_due:
            self._answer_due.cancel()

    def _expect_request(self) -> None:
        """What arrives while no request is being answered has to become one; no further byte gives it more time."""
        if self.cycle and not self.cycle.response_complete:
            if self._request_due:
                self._request_due.cancel()
                self._request_due = None
        elif not self._request_due:
            self._request_due = self.loop.call_later(REQUEST_SECONDS, self.transport.abort)

    def _expect_reading(self) -> None:
        """The client has to take some part of what is buffered, again and again until it has all of it."""
        unread = self.transport.get_write_buffer_size()

        def check() -> None:
            if self.transport.get_write_buffer_size() < unread:
                self._expect_reading()
            else:
                self.transport.abort()

        self._answer_due = self.loop.call_later(ANSWER_SECONDS, check)
