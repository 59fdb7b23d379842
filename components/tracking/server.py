"""The tracking server: which one, and whether it answers."""

import logging
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException
from typing import TypeVar
from urllib.parse import urlsplit, urlunsplit

from components.errors import InputError

WAIT_SECONDS = 300.0
"""How long a step waits for a server that went away while the workflow runs."""

PROBE_SECONDS = 5.0
"""A healthy server answers ``/health`` in milliseconds; a sleeping one across an ocean in a second or two."""

_ASKED = 3
# What a store answers where there is no such thing; the second is told of an alias that no version has.
_ABSENT = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
T = TypeVar("T")

_logger = logging.getLogger(__name__)


def tracking_uri() -> str:
    """Where runs are recorded."""
    # Not by MLflow's own function when the variable is set: a server that is away is told before the slow import.
    if uri := os.environ.get("MLFLOW_TRACKING_URI"):
        return uri
    import mlflow

    return mlflow.get_tracking_uri()


def unreachable(uri: str) -> str:
    """Why the store at ``uri`` cannot be reached, in a few words; empty if it can. Only servers are ever away."""
    if not uri.startswith(("http://", "https://")):
        return ""
    try:
        with urllib.request.urlopen(without_password(uri).rstrip("/") + "/health", timeout=PROBE_SECONDS):
            return ""
    except urllib.error.HTTPError as error:
        # Something answers. Whether it lets this user in is for the first real call to say, except where a gateway
        # says that there is no server behind it.
        return f"{error.code} {error.reason}" if error.code in (502, 503, 504) else ""
    except urllib.error.URLError as error:
        return str(error.reason)
    except (OSError, ValueError, HTTPException) as error:
        return str(error)


def await_server() -> None:
    """Waits while the tracking server is away, so that hours of work do not end because of a restart.

    Raises:
        InputError: if it stays away for ``WAIT_SECONDS``.
    """
    uri = tracking_uri()
    deadline = time.monotonic() + WAIT_SECONDS
    told = False
    while reason := unreachable(uri):
        if time.monotonic() > deadline:
            raise InputError(
                f"MLFLOW_TRACKING_URI: the tracking server at {without_password(uri)} has been away for"
                f" {WAIT_SECONDS:.0f} s ({reason}); what is finished is kept, and the same command goes on from there"
            )
        if not told:
            _logger.warning("tracking: the server is away (%s); waiting up to %.0f s for it", reason, WAIT_SECONDS)
            told = True
        time.sleep(1)


def patiently(call: Callable[[], T]) -> T:
    """What ``call`` returns, a question to the store; asked again if the server goes away while it is asked.

    Raises:
        InputError: if it stays away for ``WAIT_SECONDS``.
    """
    for _ in range(_ASKED - 1):
        await_server()
        with suppress(Exception):  # Whatever it is, it comes again if it is not the server's absence.
            return call()
    await_server()
    return call()


def look_up(call: Callable[[], T]) -> T | None:
    """What ``call`` returns, a question to the store; None only if it answers that there is no such thing.

    Raises:
        InputError: if the server stays away for ``WAIT_SECONDS``.
        MlflowException: if the store answers with any other error, and does so again when asked again.
    """
    from mlflow.exceptions import MlflowException

    def answer() -> T | None:
        try:
            return call()
        except MlflowException as error:
            if error.error_code in _ABSENT:
                return None
            raise

    return patiently(answer)


def without_password(uri: str) -> str:
    """The address as it may be shown."""
    parts = urlsplit(uri)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
