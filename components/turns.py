"""Two processes with the same work: one does it, the other waits and finds it done."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from components.errors import BusyError

T = TypeVar("T")

_POLL_SECONDS = 0.5

_logger = logging.getLogger(__name__)


def when_free(attempt: Callable[[], T]) -> T:
    """What ``attempt`` returns, which is called again as long as it raises :class:`BusyError`.

    The reason is told once. A process that is killed frees what it held, so nobody waits for the dead.
    """
    told = ""
    while True:
        try:
            return attempt()
        except BusyError as busy:
            if str(busy) != told:
                told = str(busy)
                _logger.warning("%s; waiting for it", busy)
            time.sleep(_POLL_SECONDS)
