"""The HTTP server: a packaged translator answers at a socket until it is told to end."""

import asyncio
import logging
import math
import os
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from types import FrameType

import uvicorn
from uvicorn.lifespan.on import LifespanOn
from uvicorn.protocols.http.h11_impl import H11Protocol

from components.errors import InputError
from components.parameters import parameter
from components.server.application import Application
from components.server.glossary import Glossary
from components.server.keys import Keys
from components.server.models import Models
from components.server.scoring import Limits
from components.serving.batching import BATCH_WAIT
from components.serving.package import FORMS

# Connections at once; one beyond that is answered with status 503.
MAX_CONNECTIONS = 512
# For the head of a request, from the connection or from its first byte on.
REQUEST_SECONDS = 10.0
# In which a client must take some part of an answer.
ANSWER_SECONDS = 30.0

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ServeParameters:
    """Which model answers, and where."""

    model: str = parameter("models:/nmt-en-fr@champion", f"the model: {FORMS}")
    host: str = parameter("127.0.0.1", "the address to listen on; 0.0.0.0: all of this machine's")
    port: int = parameter(5001, "the TCP port to listen on; 0: any free one", minimum=0, maximum=65535)
    max_texts: int = parameter(1000, "texts that one request may hold", minimum=1)
    max_characters: int = parameter(20_000, "characters that one request may hold, all texts together", minimum=1)
    page: bool = parameter(False, "also show a page on which a person can try the model, at /")
    api_keys: str = parameter("", "TOML file of the keys that clients need, and their limits; not set: none is needed")
    open: bool = parameter(False, "let everybody who reaches `host` translate, although there are no `api_keys`")
    glossary: str = parameter("", "TSV file of terms and how they must be translated")
    follow: float = parameter(
        0.0,
        "seconds between two looks at which version the alias in `model` names; another one then takes over, without a"
        " pause; 0: never",
        minimum=0,
    )
    batch_wait_ms: float = parameter(
        1000 * BATCH_WAIT,
        "milliseconds that a request waits for others to be translated with it, while the machine is busy; 0: each is"
        " translated by itself",
        minimum=0,
        maximum=1000,
    )
    max_waiting: int = parameter(
        256, "requests that may wait for their translations", minimum=1, maximum=MAX_CONNECTIONS
    )
    grace_s: float = parameter(
        30.0,
        "seconds that requests have to be answered after SIGTERM or Ctrl-C; a second signal ends at once",
        minimum=0,
    )


def serve(parameters: ServeParameters, listener: socket.socket, when_ready: Callable[[str], None]) -> None:
    """Answers at ``listener``, a bound socket, until it is told to end; returns when what had arrived is answered.

    It listens at once, so that ``/live`` and ``/ready`` can say that the model is still loaded. Calls ``when_ready``
    with the model's name once requests are answered.

    Raises:
        InputError: if the model, the keys or the glossary cannot be loaded, or everybody could ask and need not.
    """
    keys = Keys.read(parameters.api_keys) if parameters.api_keys else Keys()
    glossary = Glossary.read(parameters.glossary) if parameters.glossary else Glossary({})
    check_access(parameters, listener)
    slots = set_threads()
    models = Models(parameters.model, parameters.follow, parameters.batch_wait_ms / 1000)
    limits = Limits(parameters.max_texts, parameters.max_characters)
    application = Application(models, limits, parameters.max_waiting, keys, glossary)
    config = uvicorn.Config(
        application,
        http=Connection,
        ws="none",
        log_level="warning",
        server_header=False,
        limit_concurrency=MAX_CONNECTIONS,
        lifespan="off",
    )

    class Server(uvicorn.Server):
        end_by = math.inf

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            loading = asyncio.wrap_future(models.start())
            while not loading.done() and not application.draining:
                await asyncio.wait({loading}, timeout=0.1)
            if not loading.done():
                return
            model = loading.result()
            if parameters.page:
                from components.server.page import page_application  # Gradio takes seconds; most servers show no page.

                application.page = page_application(models, limits, slots)
                # Kept, because its task lives no longer; uvicorn ends it with the server.
                self.lifespan = LifespanOn(uvicorn.Config(application.page, log_level="warning"))
                await self.lifespan.startup()
            when_ready(model.label)

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            """The first signal lets what has arrived be answered, the second does not."""
            if application.draining:
                self.force_exit = self.should_exit = True
                return
            self._captured_signals.append(signal.SIGINT)
            self.end_by = time.monotonic() + parameters.grace_s
            application.draining = True

        async def on_tick(self, counter: int) -> bool:
            if application.draining and (not application.running or time.monotonic() > self.end_by):
                if application.running:
                    _logger.warning("%d requests are not answered within grace_s", application.running)
                # What a client has not taken yet is sent meanwhile.
                self.config.timeout_graceful_shutdown = max(math.ceil(self.end_by - time.monotonic()), 1)
                self.should_exit = True
            return await super().on_tick(counter)

    with suppress(KeyboardInterrupt):
        Server(config).run(sockets=[listener])


def check_access(parameters: ServeParameters, listener: socket.socket) -> None:
    """Raises InputError if others than this machine could ask without a key, or a page that sends none."""
    address = ip_address(listener.getsockname()[0])
    if not (parameters.api_keys or parameters.open or address.is_loopback):
        raise InputError(
            f"host: {parameters.host} can be reached from elsewhere: give api_keys, or open=true to let everybody"
            " translate"
        )
    if parameters.api_keys and parameters.page:
        raise InputError("page: found true, must be false with api_keys: the page sends no key")


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
