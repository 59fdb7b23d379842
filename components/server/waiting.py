"""Requests that wait for their translations: a bounded number, each in a thread, as long as somebody waits for it."""

import asyncio
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request

from components.server.scoring import RefusedRequestError
from components.serving.batching import Caller, caller

DEADLINE_HEADER = "X-Request-Timeout"

Answer = TypeVar("Answer")


class Waiting:
    """Runs what requests ask for; the sentences of all of them meet in the model's
    :class:`~components.serving.batching.SearchQueue`.

    Args:
        most: requests that may wait; one beyond that is refused.
    """

    def __init__(self, most: int):
        self._most = most
        # When each of those that wait arrived, by number.
        self._since: dict[int, float] = {}
        self._count = 0
        self._threads = ThreadPoolExecutor(most, thread_name_prefix="request")

    async def run(self, request: Request, work: Callable[[], Answer], seconds: float = math.inf) -> Answer:
        """What ``work`` returns.

        Args:
            request: whose body has been read.
            work: what a thread does; what it gives to a model to translate is dropped when nobody waits for it.
            seconds: how long the client waits, if its header does not say less.

        Raises:
            RefusedRequestError: if too many wait already, or if the client's time is over.
            ClientDisconnect: if the client has closed the connection.
        """
        seconds = min(seconds, _deadline(request))
        if len(self._since) >= self._most:
            # When the one that waits longest is answered, there will be room.
            longest = time.monotonic() - min(self._since.values())
            raise RefusedRequestError(
                f"{self._most} requests wait already", 503, retry_after=min(max(math.ceil(longest), 1), 60)
            )
        self._count += 1
        number = self._count
        self._since[number] = time.monotonic()
        who = Caller()
        context = copy_context()
        context.run(caller.set, who)
        working: asyncio.Future[Answer] = asyncio.get_running_loop().run_in_executor(self._threads, context.run, work)
        disconnect = asyncio.ensure_future(request.receive())  # The body has been read: nothing else can arrive.
        either: set[asyncio.Future[Any]] = {working, disconnect}
        try:
            timeout = None if math.isinf(seconds) else seconds
            await asyncio.wait(either, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                return working.result()
            if disconnect.done():
                raise ClientDisconnect
            raise RefusedRequestError(f"the translation is not there after {seconds:g} seconds", 504)
        finally:
            who.leave()
            working.add_done_callback(lambda done: done.cancelled() or done.exception())  # It need not be logged.
            disconnect.cancel()
            del self._since[number]


def _deadline(request: Request) -> float:
    """The seconds that the client's header says it waits."""
    if (found := request.headers.get(DEADLINE_HEADER)) is None:
        return math.inf
    try:
        seconds = float(found)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise RefusedRequestError(f"{DEADLINE_HEADER}: must be a number of seconds, more than 0")
    return seconds
