"""The tracking store: which one, whether it answers, and what earlier runs left in it."""

import logging
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from http.client import HTTPException
from pathlib import PurePosixPath
from typing import TypeVar
from urllib.parse import urlsplit, urlunsplit

from components.errors import InputError

WAIT_SECONDS = 300.0
"""How long a step waits for a server that went away while the workflow runs."""

PROBE_SECONDS = 5.0
"""A healthy server answers ``/health`` in milliseconds; a sleeping one across an ocean in a second or two."""

_ATTEMPTS = 3
# What a store answers where there is no such thing; the second where no version has the alias.
_ABSENT = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
T = TypeVar("T")

_logger = logging.getLogger(__name__)


def tracking_uri() -> str:
    """Where runs are recorded."""
    # Not by MLflow's own function when the variable is set: a server that is away is reported before the slow import.
    if uri := os.environ.get("MLFLOW_TRACKING_URI"):
        return uri
    import mlflow

    return mlflow.get_tracking_uri()


def without_password(uri: str) -> str:
    """The address as it may be shown."""
    parts = urlsplit(uri)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def unreachable(uri: str) -> str:
    """Why the store at ``uri`` cannot be reached, in a few words; empty if it can. Only servers are ever away."""
    if not uri.startswith(("http://", "https://")):
        return ""
    try:
        with urllib.request.urlopen(without_password(uri).rstrip("/") + "/health", timeout=PROBE_SECONDS):
            return ""
    except urllib.error.HTTPError as error:
        # Something answers. Whether it lets this user in shows at the first real call; but a gateway answers, too,
        # when there is no server behind it.
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
    logged = False
    while reason := unreachable(uri):
        if time.monotonic() > deadline:
            raise InputError(
                f"MLFLOW_TRACKING_URI: the tracking server at {without_password(uri)} has been away for"
                f" {WAIT_SECONDS:.0f} s ({reason}); what is finished is kept, and the same command goes on from there"
            )
        if not logged:
            _logger.warning("tracking: the server is away (%s); waiting up to %.0f s for it", reason, WAIT_SECONDS)
            logged = True
        time.sleep(1)


def patiently(call: Callable[[], T]) -> T:
    """What ``call``, a query of the store, returns; repeated if the server goes away meanwhile.

    Raises:
        InputError: if it stays away for ``WAIT_SECONDS``.
    """
    for _ in range(_ATTEMPTS - 1):
        await_server()
        with suppress(Exception):  # Any error but the server's absence comes again.
            return call()
    await_server()
    return call()


def look_up(call: Callable[[], T]) -> T | None:
    """What ``call``, a query of the store, returns; None only if the store answers that there is no such thing.

    Raises:
        InputError: if the server stays away for ``WAIT_SECONDS``.
        MlflowException: if the store answers with any other error, each time.
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


def read_text(run_id: str, path: str) -> str | None:
    """The content of the artifact ``path`` of a run; None if it, or the run, is missing.

    Raises:
        InputError: if the server is away and stays away.
        Exception: if the store has it and cannot deliver it.
    """
    import mlflow
    from mlflow import MlflowClient

    # Listed first: each kind of store has its own error for a file that is not there.
    folder = str(PurePosixPath(path).parent)
    listed = look_up(lambda: MlflowClient().list_artifacts(run_id, None if folder == "." else folder))
    if path not in [file.path for file in listed or ()]:
        return None
    return patiently(lambda: mlflow.artifacts.load_text(f"runs:/{run_id}/{path}"))


def read_curves(run_id: str, charts: Mapping[str, Sequence[str]]) -> dict[str, dict[str, list[tuple[int, float]]]]:
    """What a run recorded by step: chart → metric → (step, value).

    Args:
        run_id: of the run; if it is empty or the run is missing, there are no curves.
        charts: chart → the metrics that belong to it. Those with one value are no curve.
    """
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    found = {}
    with suppress(MlflowException):
        client = MlflowClient()
        recorded = client.get_run(run_id).data.metrics if run_id else {}
        for chart, metrics in charts.items():
            histories = {name: client.get_metric_history(run_id, name) for name in metrics if name in recorded}
            curves = {name: [(m.step, m.value) for m in history] for name, history in histories.items()}
            found[chart] = {name: curve for name, curve in curves.items() if len(curve) > 1}
    return {chart: curves for chart, curves in found.items() if curves}
