"""A step of the workflow as an MLflow run: opened, recorded and closed with the right status."""

import dataclasses
import logging
import os
import platform
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from components.errors import InputError
from components.tracking.description import describe, run_facts
from components.tracking.outbox import MAX_TAG, Outbox, deliver_kept
from components.tracking.run import StepRun, as_text, run_page
from components.tracking.store import await_server, tracking_uri, unreachable, without_password

FAILURE_TAG = "failure"
PROCESS_TAG = "host.process"
_ABANDONED = "its process ended without a word"
_SQLITE = "sqlite:///"
_RETRIES = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"
# `mlflow run` names a run like this when its user does not.
_RANDOM_NAME = re.compile(r"[a-z]+-[a-z]+-\d{1,3}")
# Parameters by which runs are searched.
_TAGGED = ("corpus", "runner")

_logger = logging.getLogger(__name__)


def check_tracking() -> str:
    """Makes sure that runs can be recorded, before any work begins.

    A new SQLite store is created under a file lock: four processes that create one at once leave it broken. A
    tracking server is asked for its health, because MLflow's client itself retries for minutes. Afterwards the client
    of this process retries only for seconds (``MLFLOW_HTTP_REQUEST_MAX_RETRIES`` set by the user stays). What an
    earlier run could not log to that server is logged now, and runs whose process was killed are closed.

    Returns:
        The tracking URI, which ``MLFLOW_TRACKING_URI`` alone decides (default: ``mlflow.db`` in the working directory).

    Raises:
        InputError: if the store cannot be reached or created.
    """
    uri = tracking_uri()
    if uri.startswith(("http://", "https://")):
        os.environ.setdefault(_RETRIES, "3")
        if reason := unreachable(uri):
            raise InputError(f"MLFLOW_TRACKING_URI: no tracking server answers at {without_password(uri)} ({reason})")
    elif uri.startswith(_SQLITE):
        _open_sqlite(uri)
    deliver_kept(uri)
    _close_abandoned()
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


def _close_abandoned() -> None:
    """Closes, as KILLED, the runs of processes of this machine that were killed (`kill -9`, a power cut)."""
    import mlflow
    import psutil
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    with suppress(MlflowException):
        which = f"attributes.status = 'RUNNING' AND tags.`{PROCESS_TAG}` LIKE '{platform.node()} %'"
        for run in mlflow.search_runs(filter_string=which, max_results=100, output_format="list"):
            _, number, began = run.data.tags[PROCESS_TAG].rsplit(" ", 2)
            with suppress(psutil.NoSuchProcess):
                if _start_of(int(number)) == began:
                    continue
            MlflowClient().set_tag(run.info.run_id, FAILURE_TAG, _ABANDONED)
            MlflowClient().set_terminated(run.info.run_id, "KILLED")


def _start_of(process: int) -> str:
    """When a process began. With its id it names the process, since ids are used again."""
    import psutil

    return f"{psutil.Process(process).create_time():.2f}"


@contextmanager
def step_run(
    step: str, parameters: Any, *, name: str = "", defaults: Mapping[str, Any] | None = None
) -> Iterator[StepRun]:
    """An MLflow run around a step.

    The outermost one adopts the run that ``mlflow run`` opened (``MLFLOW_RUN_ID``) if there is one, otherwise it opens
    its own; an inner one is nested. Inside, the run is the active one for MLflow's own functions too. It records what
    the machine does meanwhile, and at the end describes itself: what was done with what, what came out, how to repeat.

    Args:
        step: ``prepare``, ``train``, …; the tag ``step``.
        parameters: the effective parameters, a dataclass or a mapping. A run that is adopted already holds them as
            ``mlflow run`` got them, shell-quoted and with ``default`` for what is not set, and MLflow does not
            let a parameter be changed: there the effective ones are named ``effective.NAME``.
        name: of the run in the UI, unless its user gave it one; not set: the step's name.
        defaults: of the parameters, which need not be set to repeat the run; a dataclass knows its own.

    Yields:
        The run. It ends FINISHED, or FAILED with the reason as tag ``failure``, or KILLED when interrupted.

    Raises:
        InputError: if the tracking server is away when the run begins and stays away for minutes, or if something in
            the block failed because of that.
    """
    import mlflow

    await_server()
    adopted = bool(os.environ.get("MLFLOW_RUN_ID")) and mlflow.active_run() is None
    logging.getLogger("mlflow.system_metrics").setLevel(logging.WARNING)
    # What takes time comes before the run is opened: until the block below, nothing would close it if interrupted.
    facts = run_facts()
    defaults = defaults or {}
    if dataclasses.is_dataclass(parameters):
        defaults = defaults or {field.name: field.default for field in dataclasses.fields(parameters)}
        parameters = dataclasses.asdict(parameters)  # type: ignore[arg-type]
    status, failure = "FAILED", ""
    active = mlflow.start_run(run_name=None if adopted else name or step, nested=True, log_system_metrics=True).info
    outbox = Outbox(mlflow.get_tracking_uri(), active.run_id)
    users_own = adopted and not _RANDOM_NAME.fullmatch(active.run_name or "")
    page = run_page(active.experiment_id, active.run_id)
    run = StepRun(active.run_id, page, "" if users_own else name or step, outbox)
    start = time.monotonic()
    try:
        run.rename(run.name)
        process = f"{platform.node()} {os.getpid()} {_start_of(os.getpid())}"
        searched = {parameter: as_text(parameters[parameter]) for parameter in _TAGGED if parameter in parameters}
        run.set_tags({"step": step, PROCESS_TAG: process, **facts, **searched})
        run.log_parameters(parameters, prefix="effective." if adopted else "")
        yield run
        status = "FINISHED"
    except KeyboardInterrupt:
        status, failure = "KILLED", "interrupted"
        raise
    except BaseException as error:
        failure = " ".join(f"{type(error).__name__}: {error}".split())
        if not isinstance(error, InputError) and unreachable(tracking_uri()):
            raise InputError(
                f"the tracking server went away ({failure}); what is finished is kept: run again"
            ) from error
        raise
    finally:
        changed = {key: as_text(value) for key, value in parameters.items() if value != defaults.get(key)}
        description = describe(run, step, status, failure, time.monotonic() - start, changed, facts)
        run.set_tags({"mlflow.note.content": description, **({FAILURE_TAG: failure} if failure else {})})
        _end(outbox, status)


def _end(outbox: Outbox, status: str) -> None:
    """Closes the active run. If the server is away, its end is kept with what else could not be delivered."""
    import mlflow

    outbox.put("status", status=status, end_time=int(time.time() * 1000))
    retries = {_RETRIES: os.environ[_RETRIES]} if _RETRIES in os.environ else {}
    if kept := outbox.close():
        _logger.warning("tracking: the server is away; what could not be logged is kept in %s", kept)
        os.environ[_RETRIES] = "0"
    # Takes the run off MLflow's stack. It logs the end too, which must not delay anything where the server is away.
    try:
        with suppress(Exception):
            mlflow.end_run(status)
    finally:
        os.environ.pop(_RETRIES, None)
        os.environ.update(retries)


def label_opened_run(entry: str) -> None:
    """Names the run that `mlflow run` opened for an entry that is no step and records nothing else.

    Does nothing where there is none, or where the store cannot be reached.
    """
    if run_id := _opened_run():
        from mlflow import MlflowClient

        note = f"`mlflow run` opens a run for each entry; `{entry}` fills none."
        with suppress(Exception):
            client = MlflowClient()
            if _RANDOM_NAME.fullmatch(client.get_run(run_id).info.run_name or ""):
                client.set_tag(run_id, "mlflow.runName", entry)
            client.set_tag(run_id, "step", entry)
            client.set_tag(run_id, "mlflow.note.content", note)


def mark_failed(reason: str) -> None:
    """Closes the run that `mlflow run` opened as FAILED, with the reason as its tag, if no step has taken it over.

    Does nothing where there is none, or where the store cannot be reached.
    """
    if run_id := _opened_run():
        from mlflow import MlflowClient

        with suppress(Exception):
            client = MlflowClient()
            client.set_tag(run_id, FAILURE_TAG, reason[:MAX_TAG])
            client.set_terminated(run_id, "FAILED")


def _opened_run() -> str:
    """The run that `mlflow run` opened and no step has adopted; empty if there is none or the server is away."""
    run_id = os.environ.get("MLFLOW_RUN_ID", "")
    return "" if run_id and unreachable(tracking_uri()) else run_id
