"""Connections that end: who sends no whole request, or does not take the answer, is not waited for."""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

# For the head of a request, from the connection or from its first byte on.
REQUEST_SECONDS = 10.0
# In which something has to be taken of an answer.
ANSWER_SECONDS = 30.0


class Connection(H11Protocol):
    """uvicorn's, which waits forever for both: some hundred connections that do nothing would shut out everybody."""

    _request_due: asyncio.TimerHandle | None = None
    _answer_due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # Writing then pauses with the first byte that the client does not take, and resumes with the last one taken:
        # in between nothing is added, and only what the client takes makes the buffer smaller.
        transport.set_write_buffer_limits(high=0)
        self._await_request()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._request_has_come()
        self._answer_is_taken()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._await_taking()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._answer_is_taken()

    def _await_request(self) -> None:
        """What arrives while no request is being answered has to become one; no further byte gives it more time."""
        if self.cycle and not self.cycle.response_complete:
            self._request_has_come()
        elif not self._request_due:
            self._request_due = self.loop.call_later(REQUEST_SECONDS, self.transport.abort)

    def _request_has_come(self) -> None:
        if self._request_due:
            self._request_due.cancel()
            self._request_due = None

    def _await_taking(self) -> None:
        left = self.transport.get_write_buffer_size()

        def look() -> None:
            if self.transport.get_write_buffer_size() < left:
                self._await_taking()
            else:
                self.transport.abort()

        self._answer_due = self.loop.call_later(ANSWER_SECONDS, look)

    def _answer_is_taken(self) -> None:
        if self._answer_due:
            self._answer_due.cancel()
