"""A step of the workflow as an MLflow run: opened, recorded and closed with the right status."""

import dataclasses
import json
import logging
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from components.dataset.manifest import Manifest
from components.errors import InputError
from components.tracking.dataset import LoggedDataset, describe_dataset
from components.tracking.facts import run_facts
from components.tracking.outbox import Outbox
from components.tracking.record import MAX_TAG
from components.tracking.server import tracking_uri, unreachable

FAILURE_TAG = "failure"
# `mlflow run` names a run like this when its user does not.
_RANDOM_NAME = re.compile(r"[a-z]+-[a-z]+-\d{1,3}")

_logger = logging.getLogger(__name__)


class StepRun:
    """The run of a step. Nothing said to it waits for the tracking server or fails because of it."""

    def __init__(self, run_id: str, outbox: Outbox) -> None:
        self.run_id = run_id
        self._outbox = outbox
        self._tables: list[str] = []

    def log_metrics(
        self,
        metrics: Mapping[str, float],
        step: int | None = None,
        *,
        model_id: str | None = None,
        dataset: LoggedDataset | None = None,
    ) -> None:
        """Records numbers, at ``step`` if they belong to a curve.

        Args:
            metrics: name → value.
            step: training steps done.
            model_id: the logged model that was measured.
            dataset: what it was measured on, as :meth:`log_dataset` returned it.
        """
        now = int(time.time() * 1000)
        on = {"dataset_name": dataset.name, "dataset_digest": dataset.digest} if dataset else {}
        self._outbox.put(
            "metrics",
            metrics=[
                {"key": key, "value": float(value), "timestamp": now, "step": step or 0, "model_id": model_id, **on}
                for key, value in metrics.items()
            ],
        )

    def log_artifact(self, path: Path, folder: str = "") -> None:
        """Records a copy of a file or a folder as it is now, under ``folder`` among the run's artifacts.

        Raises:
            OSError: if it cannot be read.
        """
        copy = self._outbox.place(path.name)
        if path.is_dir():
            shutil.copytree(path, copy)
        else:
            shutil.copyfile(path, copy)
        self._outbox.put("artifact", path=str(copy), folder=folder)

    def log_text(self, text: str, path: str) -> None:
        """Records ``text`` as the artifact ``path``, such as ``report/summary.md``."""
        copy = self._outbox.place(Path(path).name)
        copy.write_text(text, encoding="utf-8")
        folder = str(Path(path).parent)
        self._outbox.put("artifact", path=str(copy), folder="" if folder == "." else folder)

    def log_table(self, columns: Mapping[str, Sequence[Any]], path: str) -> None:
        """Records a table that the UI shows and sorts.

        Args:
            columns: heading → cells, all of one length.
            path: of the artifact, ending in ``.json``.

        Raises:
            ValueError: if the columns differ in length.
        """
        rows = list(zip(*columns.values(), strict=True))
        self.log_text(json.dumps({"columns": list(columns), "data": rows}, ensure_ascii=False), path)
        self._tables.append(path)
        # The tag by which MLflow's UI and `mlflow.load_table` know tables.
        self.set_tags({"mlflow.loggedArtifacts": json.dumps([{"path": p, "type": "table"} for p in self._tables])})

    def log_dataset(self, folder: Path, manifest: Manifest, context: str) -> LoggedDataset:
        """Records a prepared dataset as an input of this run.

        Args:
            folder: where it is.
            manifest: its manifest.
            context: what it served for: ``training``, ``prepared``, … With ``validation`` or ``test`` only these
                held-out sentences are meant, and their own digest stands for them.

        Returns:
            Its name and digest in MLflow, for :meth:`log_metrics`.
        """
        described = describe_dataset(folder, manifest, context)
        self._outbox.put("dataset", dataset=described.as_mlflow(), context=context, tags=described.tags)
        return LoggedDataset(described.name, described.digest)

    def log_parameters(self, parameters: Mapping[str, Any], prefix: str = "") -> None:
        """Records the values that are in force."""
        params = {f"{prefix}{name}": _as_text(value) for name, value in parameters.items()}
        items = list(params.items())
        for start in range(0, len(items), 100):  # MLflow takes no more at once.
            self._outbox.put("params", params=dict(items[start : start + 100]))

    def flush(self) -> None:
        """Waits until everything said so far is in the store.

        Raises:
            InputError: if the server does not take it.
        """
        if not self._outbox.flush():
            raise InputError(f"MLFLOW_TRACKING_URI: the tracking server does not take what run {self.run_id} says")

    def describe(self, markdown: str) -> None:
        """Gives the run the description that the UI shows above everything else."""
        self.set_tags({"mlflow.note.content": markdown})

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Tags the run; of a long text the first 5,000 characters."""
        self._outbox.put("tags", tags={name: str(value) for name, value in tags.items()})


@contextmanager
def step_run(step: str, parameters: Any, *, name: str = "") -> Iterator[StepRun]:
    """An MLflow run around a step.

    The outermost one adopts the run that ``mlflow run`` opened (``MLFLOW_RUN_ID``) if there is one, otherwise it opens
    its own; an inner one is nested. Inside, the run is the active one for MLflow's own functions too.

    Args:
        step: ``prepare``, ``train``, …; the tag ``step``.
        parameters: the effective parameters, a dataclass or a mapping. A run that is adopted already holds them as
            ``mlflow run`` got them, shell-quoted and with ``default`` for what is not set, and MLflow lets nobody
            change a parameter: there the effective ones are named ``effective.NAME``.
        name: of the run in the UI; not set: the step's name.

    Yields:
        The run. It ends FINISHED, or FAILED with the reason as tag ``failure``, or KILLED when interrupted.
    """
    import mlflow

    adopted = bool(os.environ.get("MLFLOW_RUN_ID")) and mlflow.active_run() is None
    active = mlflow.start_run(run_name=None if adopted else name or step, nested=True)
    run_id = active.info.run_id
    outbox = Outbox(mlflow.get_tracking_uri(), run_id)
    run = StepRun(run_id, outbox)
    tags = {"step": step, **run_facts()}
    if adopted and _RANDOM_NAME.fullmatch(active.info.run_name or ""):
        tags["mlflow.runName"] = name or step
    run.set_tags(tags)
    values = dataclasses.asdict(parameters) if dataclasses.is_dataclass(parameters) else dict(parameters)  # type: ignore[arg-type]
    run.log_parameters(values, prefix="effective." if adopted else "")

    status = "FAILED"
    try:
        yield run
        status = "FINISHED"
    except KeyboardInterrupt:
        status = "KILLED"
        run.set_tags({FAILURE_TAG: "interrupted"})
        raise
    except BaseException as error:
        run.set_tags({FAILURE_TAG: " ".join(f"{type(error).__name__}: {error}".split())})
        raise
    finally:
        _end(outbox, status)


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


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
