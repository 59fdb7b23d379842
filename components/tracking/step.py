"""A step of the workflow as an MLflow run: opened, recorded and closed with the right status."""

import dataclasses
import logging
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from components.errors import InputError
from components.tracking.abandoned import PROCESS_TAG, this_process
from components.tracking.description import Described, describe
from components.tracking.facts import run_facts
from components.tracking.outbox import Outbox
from components.tracking.record import MAX_TAG
from components.tracking.run import StepRun, as_text
from components.tracking.server import await_server, tracking_uri, unreachable

FAILURE_TAG = "failure"
# `mlflow run` names a run like this when its user does not.
_RANDOM_NAME = re.compile(r"[a-z]+-[a-z]+-\d{1,3}")
# Parameters by which runs are looked for.
_TAGGED = ("corpus", "runner")

_logger = logging.getLogger(__name__)


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
            ``mlflow run`` got them, shell-quoted and with ``default`` for what is not set, and MLflow lets nobody
            change a parameter: there the effective ones are named ``effective.NAME``.
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
    values, defaults = _values(parameters, defaults)
    status, failure = "FAILED", ""
    active = mlflow.start_run(run_name=None if adopted else name or step, nested=True, log_system_metrics=True)
    outbox = Outbox(mlflow.get_tracking_uri(), active.info.run_id)
    users_own = adopted and not _RANDOM_NAME.fullmatch(active.info.run_name or "")
    run = StepRun(active.info.run_id, "" if users_own else name or step, outbox)
    start = time.monotonic()
    try:
        run.rename(run.name)
        told = {parameter: as_text(values[parameter]) for parameter in _TAGGED if parameter in values}
        run.set_tags({"step": step, PROCESS_TAG: this_process(), **facts, **told})
        run.log_parameters(values, prefix="effective." if adopted else "")
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
        changed = {key: as_text(value) for key, value in values.items() if value != defaults.get(key)}
        seconds = time.monotonic() - start
        said = Described(step, run.note, status, failure, seconds, run.metrics, run.datasets, changed, facts)
        run.set_tags({"mlflow.note.content": describe(said), **({FAILURE_TAG: failure} if failure else {})})
        _end(outbox, status)


def _values(parameters: Any, defaults: Mapping[str, Any] | None) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """The values of the parameters and their defaults."""
    if not dataclasses.is_dataclass(parameters):
        return dict(parameters), defaults or {}
    own = {field.name: field.default for field in dataclasses.fields(parameters)}
    return dataclasses.asdict(parameters), defaults or own  # type: ignore[arg-type]


def label_opened_run(entry: str) -> None:
    """Names the run that `mlflow run` opened for an entry that is no step and records nothing else.

    Does nothing where there is none, or where the store cannot be reached.
    """
    run_id = os.environ.get("MLFLOW_RUN_ID")
    if not run_id or unreachable(tracking_uri()):
        return
    from mlflow import MlflowClient

    with suppress(Exception):
        client = MlflowClient()
        if _RANDOM_NAME.fullmatch(client.get_run(run_id).info.run_name or ""):
            client.set_tag(run_id, "mlflow.runName", entry)
        client.set_tag(run_id, "step", entry)
        client.set_tag(run_id, "mlflow.note.content", f"`mlflow run` opens a run for each entry; `{entry}` fills none.")


def mark_failed(reason: str) -> None:
    """Closes the run that `mlflow run` opened as FAILED, with the reason as its tag, if no step has taken it over.

    Does nothing where there is none, or where the store cannot be reached.
    """
    run_id = os.environ.get("MLFLOW_RUN_ID")
    if not run_id or unreachable(tracking_uri()):
        return
    from mlflow import MlflowClient

    with suppress(Exception):
        client = MlflowClient()
        client.set_tag(run_id, FAILURE_TAG, reason[:MAX_TAG])
        client.set_terminated(run_id, "FAILED")


def _end(outbox: Outbox, status: str) -> None:
    """Closes the active run. If the server is away, its end is kept with what else could not be delivered."""
    import mlflow

    outbox.put("status", status=status, end_time=int(time.time() * 1000))
    kept = outbox.close()
    if kept:
        _logger.warning("tracking: the server is away; what it was not told is kept in %s", kept)
    # Takes the run off MLflow's stack. It tells the server too, which must not delay anything where that is away.
    with _without_retries(bool(kept)), suppress(Exception):
        mlflow.end_run(status)


@contextmanager
def _without_retries(wanted: bool) -> Iterator[None]:
    name = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"
    before = os.environ.get(name)
    if wanted:
        os.environ[name] = "0"
    try:
        yield
    finally:
        if wanted:
            os.environ.pop(name)
            if before is not None:
                os.environ[name] = before
