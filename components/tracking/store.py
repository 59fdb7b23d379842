"""The tracking store: made safely if it is a new SQLite file, reached within seconds if it is a server."""

import os
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from components.errors import InputError

PROBE_SECONDS = 5.0
"""A healthy server answers ``/health`` in milliseconds; a sleeping one across an ocean in a second or two."""

_SQLITE = "sqlite:///"


def check_tracking() -> str:
    """Makes sure that runs can be recorded, before any work begins.

    A new SQLite store is created under a file lock: four processes that create one at once break it for good. A
    tracking server is asked for its health, because MLflow's client itself retries for minutes. Afterwards the client
    of this process retries only for seconds (``MLFLOW_HTTP_REQUEST_MAX_RETRIES`` set by the user stays).

    Returns:
        The tracking URI, which ``MLFLOW_TRACKING_URI`` alone decides (default: ``mlflow.db`` in the working directory).

    Raises:
        InputError: if the store cannot be reached or created.
    """
    uri = tracking_uri()
    if uri.startswith(("http://", "https://")):
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")
        if reason := unreachable(uri):
            raise InputError(f"MLFLOW_TRACKING_URI: no tracking server answers at {_without_password(uri)} ({reason})")
    elif uri.startswith(_SQLITE):
        _open_sqlite(uri)
    return uri


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
        with urllib.request.urlopen(_without_password(uri).rstrip("/") + "/health", timeout=PROBE_SECONDS):
            return ""
    except urllib.error.HTTPError as error:
        # Something answers. Whether it lets this user in is for the first real call to say, except where a gateway
        # says that there is no server behind it.
        return f"{error.code} {error.reason}" if error.code in (502, 503, 504) else ""
    except urllib.error.URLError as error:
        return str(error.reason)
    except (OSError, ValueError, HTTPException) as error:
        return str(error)


def _without_password(uri: str) -> str:
    parts = urlsplit(uri)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _open_sqlite(uri: str) -> None:
    """Opens the store once while holding a lock beside it, so that only one process creates its tables."""
    from filelock import FileLock
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    path = Path(unquote(uri.removeprefix(_SQLITE).partition("?")[0]))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock"):
            MlflowClient(uri).get_experiment("0")
    except (OSError, MlflowException, SQLAlchemyError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"MLFLOW_TRACKING_URI: the store {path} cannot be opened: {reason}") from None
