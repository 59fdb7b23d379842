"""What is said about a run: plain data that can wait in a queue or in a file, and how MLflow is told."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlflow import MlflowClient

MAX_TAG = 5000
"""Longest text of a tag that every MLflow store takes."""


@dataclass(frozen=True)
class Record:
    """One thing said about a run. ``payload`` is plain JSON; saying the same thing twice does no harm.

    ``kind`` is a key of :data:`DELIVERIES`, where the shape of each payload is told.
    """

    run_id: str
    kind: str
    payload: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


def deliver(client: "MlflowClient", record: Record) -> None:
    """Tells MLflow. Raises whatever the client raises."""
    DELIVERIES[record.kind](client, record.run_id, **record.payload)


def merge(records: list[Record]) -> Record:
    """Several records of metrics of one run as one."""
    return dataclasses.replace(records[0], payload={"metrics": [m for r in records for m in r.payload["metrics"]]})


def _metrics(client: "MlflowClient", run_id: str, metrics: list[dict[str, Any]]) -> None:
    """``metrics``: the arguments of ``mlflow.entities.Metric``, at most 1,000 times."""
    from mlflow.entities import Metric

    client.log_batch(run_id, metrics=[Metric(**metric) for metric in metrics])


def _params(client: "MlflowClient", run_id: str, params: dict[str, str]) -> None:
    from mlflow.entities import Param

    client.log_batch(run_id, params=[Param(key, value) for key, value in params.items()])


def _tags(client: "MlflowClient", run_id: str, tags: dict[str, str]) -> None:
    from mlflow.entities import RunTag

    client.log_batch(run_id, tags=[RunTag(key, value[:MAX_TAG]) for key, value in tags.items()])


def _artifact(client: "MlflowClient", run_id: str, path: str, folder: str) -> None:
    """``path``: a file or a folder on this machine; ``folder``: where it goes among the run's artifacts."""
    client.log_artifact(run_id, path, folder or None)


def _dataset(client: "MlflowClient", run_id: str, dataset: dict[str, str], context: str, tags: dict[str, str]) -> None:
    """``dataset``: the arguments of ``mlflow.entities.Dataset``."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    named = {"mlflow.data.context": context, **tags}
    client.log_inputs(run_id, [DatasetInput(Dataset(**dataset), [InputTag(k, v) for k, v in named.items()])])


def _status(client: "MlflowClient", run_id: str, status: str, end_time: int) -> None:
    """``end_time``: milliseconds since 1970."""
    client.set_terminated(run_id, status, end_time)


DELIVERIES: dict[str, Callable[..., None]] = {
    "metrics": _metrics,
    "params": _params,
    "tags": _tags,
    "artifact": _artifact,
    "dataset": _dataset,
    "status": _status,
}
