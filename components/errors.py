"""Errors that the user can fix, each of which is shown as one line; and waiting for another process to finish."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_POLL_SECONDS = 0.5

_logger = logging.getLogger(__name__)


class InputError(Exception):
    """A parameter or a file that cannot be used.

    Its text is shown to the user as it is, on one line, without a traceback. It names the parameter or the file
    (and line), what was found, and what would be valid.
    """


class BusyError(InputError):
    """Another process holds the lock on the same work; when it has ended, this one may continue."""


def retry_while_busy(attempt: Callable[[], T]) -> T:
    """What ``attempt`` returns, which is called again as long as it raises :class:`BusyError`.

    The reason is logged once. A lock ends with the process that holds it, so nobody waits for one that was killed.
    """
    logged = ""
    while True:
        try:
            return attempt()
        except BusyError as busy:
            if str(busy) != logged:
                logged = str(busy)
                _logger.warning("%s; waiting for it", busy)
            time.sleep(_POLL_SECONDS)
