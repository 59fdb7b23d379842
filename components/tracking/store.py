"""The tracking store: made safely if it is a new SQLite file, reached within seconds if it is a server."""

import os
from pathlib import Path
from urllib.parse import unquote

from components.errors import InputError
from components.tracking.abandoned import close_abandoned
from components.tracking.outbox import deliver_kept
from components.tracking.server import tracking_uri, unreachable, without_password

_SQLITE = "sqlite:///"


def check_tracking() -> str:
    """Makes sure that runs can be recorded, before any work begins.

    A new SQLite store is created under a file lock: four processes that create one at once break it for good. A
    tracking server is asked for its health, because MLflow's client itself retries for minutes. Afterwards the client
    of this process retries only for seconds (``MLFLOW_HTTP_REQUEST_MAX_RETRIES`` set by the user stays). What an
    earlier run could not tell that server is told now, and runs whose process was killed are closed.

    Returns:
        The tracking URI, which ``MLFLOW_TRACKING_URI`` alone decides (default: ``mlflow.db`` in the working directory).

    Raises:
        InputError: if the store cannot be reached or created.
    """
    uri = tracking_uri()
    if uri.startswith(("http://", "https://")):
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")
        if reason := unreachable(uri):
            raise InputError(f"MLFLOW_TRACKING_URI: no tracking server answers at {without_password(uri)} ({reason})")
    elif uri.startswith(_SQLITE):
        _open_sqlite(uri)
    deliver_kept(uri)
    close_abandoned()
    return uri


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
