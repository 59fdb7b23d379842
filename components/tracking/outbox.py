"""The outbox of a run: records go out in order on a thread of its own, so that work never waits for the server."""

import dataclasses
import json
import logging
import shutil
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.tracking.store import unreachable

if TYPE_CHECKING:
    from mlflow import MlflowClient

KEPT = Path("mlruns/outbox")
"""Where records wait that could not be delivered; relative to the working directory, as MLflow's own store is."""

PATIENCE_SECONDS = 20.0
"""How long the end of a run waits for a server that is away."""

MAX_TAG = 5000
"""Longest text of a tag that every MLflow store takes."""

_ATTEMPTS = 4
_LONGEST_PAUSE = 15.0
_METRICS_AT_ONCE = 1000
_RECORDS_FILE = "records.jsonl"

# Servers for which a run has waited in vain.
_given_up: set[str] = set()

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Record:
    """Something to log about a run; logging the same record twice does no harm.

    ``payload`` is plain JSON that can wait in a queue or in a file. By ``kind``:

    - ``metrics``: ``metrics``, the arguments of ``mlflow.entities.Metric``, at most 1,000 times
    - ``params`` and ``tags``: name → text under the same word
    - ``artifact``: ``path``, a file or a folder on this machine, and the ``folder`` among the run's artifacts
    - ``dataset``: the arguments of ``mlflow.entities.Dataset``, the ``context`` it served for, and its ``tags``
    - ``status``: ``status`` and ``end_time``, milliseconds since 1970
    """

    run_id: str
    kind: str
    payload: dict[str, Any]


def deliver(client: "MlflowClient", record: Record) -> None:
    """Logs a record to MLflow. Raises whatever the client raises."""
    from mlflow.entities import Dataset, DatasetInput, InputTag, LoggedModelInput, Metric, Param, RunTag

    run_id, payload = record.run_id, record.payload
    match record.kind:
        case "metrics":
            client.log_batch(run_id, metrics=[Metric(**metric) for metric in payload["metrics"]])
        case "params":
            client.log_batch(run_id, params=[Param(key, value) for key, value in payload["params"].items()])
        case "tags":
            client.log_batch(run_id, tags=[RunTag(key, value[:MAX_TAG]) for key, value in payload["tags"].items()])
        case "artifact":
            client.log_artifact(run_id, payload["path"], payload["folder"] or None)
        case "dataset":
            tags = {"mlflow.data.context": payload["context"], **payload["tags"]}
            used = DatasetInput(Dataset(**payload["dataset"]), [InputTag(key, value) for key, value in tags.items()])
            client.log_inputs(run_id, [used])
        case "model":
            client.log_inputs(run_id, models=[LoggedModelInput(payload["model_id"])])
        case "status":
            client.set_terminated(run_id, payload["status"], payload["end_time"])


class Outbox:
    """Delivers the records of one run.

    While the server is away, records wait. What a server that answers refuses several times over is dropped with a
    warning: tracking never ends the work that it records.
    """

    def __init__(self, uri: str, run_id: str) -> None:
        from mlflow import MlflowClient

        self._uri = uri
        self._run_id = run_id
        self._client = MlflowClient(uri)
        self._waiting: deque[Record] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._files = Path(tempfile.mkdtemp(prefix="outbox-"))
        self._copies = 0
        threading.Thread(target=self._work, name=f"outbox-{run_id}", daemon=True).start()

    def put(self, kind: str, **payload: object) -> None:
        """Takes a record; returns at once."""
        with self._changed:
            self._waiting.append(Record(self._run_id, kind, payload))
            self._changed.notify_all()

    def new_path(self, name: str) -> Path:
        """A path of this name whose file or folder, once written, may be put as an artifact and is then removed."""
        self._copies += 1
        path = self._files / str(self._copies) / name
        path.parent.mkdir(parents=True)
        return path

    def flush(self) -> bool:
        """Waits until all is delivered, or nothing has been for ``PATIENCE_SECONDS``; whether all is."""
        # Where the end of an inner run has waited in vain already, the outer one need not.
        patience = 1.0 if self._uri in _given_up and unreachable(self._uri) else PATIENCE_SECONDS
        with self._changed:
            before = len(self._waiting)
            while self._waiting:
                self._changed.notify_all()
                if not self._changed.wait(patience) and len(self._waiting) >= before:
                    return False
                before = len(self._waiting)
            return True

    def close(self) -> Path | None:
        """Delivers what waits, as :meth:`flush` does, then ends.

        Returns:
            The folder where the rest is kept, or None if all was delivered.
        """
        self.flush()
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            rest = list(self._waiting)
        if not rest:
            shutil.rmtree(self._files, ignore_errors=True)
            return None
        _given_up.add(self._uri)
        return self._keep(rest)

    def _keep(self, records: list[Record]) -> Path:
        """Writes ``records`` and their files where :func:`deliver_kept` finds them; the records' file comes last."""
        folder = KEPT / f"{self._run_id}-{time.time_ns()}"
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(self._files, folder)
        partial = folder / (_RECORDS_FILE + ".partial")
        with open(partial, "w", encoding="utf-8") as file:
            for record in records:
                document = {"uri": self._uri, **dataclasses.asdict(record)}
                if record.kind == "artifact":
                    document["payload"]["path"] = str(Path(document["payload"]["path"]).relative_to(self._files))
                file.write(json.dumps(document) + "\n")
        partial.rename(folder / _RECORDS_FILE)
        return folder

    def _work(self) -> None:
        failures = 0
        while batch := self._next():
            try:
                deliver(self._client, _merged(batch))
            except Exception as error:  # Whatever it is, it must not end the work that is recorded.
                failures += 1
                if failures < _ATTEMPTS or unreachable(self._uri):
                    with self._changed:
                        self._changed.wait_for(lambda: self._closed, min(2.0**failures / 4, _LONGEST_PAUSE))
                    continue
                _logger.warning("tracking: %s of run %s was refused: %s", batch[0].kind, self._run_id, error)
            failures = 0
            _given_up.discard(self._uri)
            self._remove(batch)

    def _next(self) -> list[Record]:
        """What goes out next, at first left in the queue: one record, or all metrics at its head. Empty at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            return [] if self._closed else list(_head(self._waiting))

    def _remove(self, batch: list[Record]) -> None:
        with self._changed:
            if self._closed:
                return
            for record in batch:
                self._waiting.popleft()
                if record.kind == "artifact":
                    shutil.rmtree(Path(record.payload["path"]).parent, ignore_errors=True)
            self._changed.notify_all()


def _head(waiting: deque[Record]) -> Iterator[Record]:
    size = 0
    for record in waiting:
        size += len(record.payload["metrics"]) if record.kind == "metrics" else _METRICS_AT_ONCE
        if size > _METRICS_AT_ONCE:
            return
        yield record
        if record.kind != "metrics":
            return


def _merged(batch: list[Record]) -> Record:
    """Several records of metrics as one."""
    if len(batch) == 1:
        return batch[0]
    metrics = [metric for record in batch for metric in record.payload["metrics"]]
    return dataclasses.replace(batch[0], payload={"metrics": metrics})


def deliver_kept(uri: str) -> None:
    """Logs to the store at ``uri`` what earlier runs could not deliver, and removes it here.

    Does nothing while another process does this, and leaves the rest if the server goes away again.
    """
    if not any(_kept_files()):
        return
    from filelock import FileLock, Timeout
    from mlflow import MlflowClient

    with suppress(Timeout), FileLock(KEPT / "lock", timeout=0):
        client = MlflowClient(uri)
        # Listed again: until here, another process may have delivered them.
        for file in sorted(_kept_files()):
            documents = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
            if documents[0].pop("uri") != uri:
                continue
            for document in documents:
                document.pop("uri", None)
                if document["kind"] == "artifact":
                    document["payload"]["path"] = str(file.parent / document["payload"]["path"])
                record = Record(**document)
                try:
                    deliver(client, record)
                except Exception as error:
                    if unreachable(uri):
                        return
                    _logger.warning("tracking: %s of run %s was refused: %s", record.kind, record.run_id, error)
            shutil.rmtree(file.parent)
            _logger.warning("tracking: run %s was completed with what was kept of it", documents[0]["run_id"])


def _kept_files() -> Iterator[Path]:
    return KEPT.glob(f"*/{_RECORDS_FILE}")
