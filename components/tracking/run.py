"""The run of a step: everything that can be logged to it."""

import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.dataset.manifest import Manifest
from components.errors import InputError
from components.tracking.outbox import Outbox
from components.tracking.store import await_server

# MLflow's columns for datasets are this wide.
_NAME_LENGTH = 500
_DIGEST_LENGTH = 36


@dataclass(frozen=True)
class LoggedDataset:
    """Name and digest by which MLflow links metrics to a dataset."""

    name: str
    digest: str


class StepRun:
    """The run of a step. Logging to it never waits for the tracking server nor fails because of it.

    ``run_id`` is its id, ``page`` its page below the address of MLflow's UI; ``name`` what this project calls it, empty
    if its user named it; ``metrics`` (the latest values), ``datasets`` and ``note`` are what was logged so far.
    """

    def __init__(self, run_id: str, page: str, name: str, outbox: Outbox) -> None:
        self.run_id = run_id
        self.page = page
        self.name = name
        self.metrics: dict[str, float] = {}
        self.datasets: list[LoggedDataset] = []
        self.note = ""
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
        self.metrics.update(metrics)
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
        copy = self._outbox.new_path(path.name)
        if path.is_dir():
            shutil.copytree(path, copy)
        else:
            shutil.copyfile(path, copy)
        self._outbox.put("artifact", path=str(copy), folder=folder)

    def log_text(self, text: str, path: str) -> None:
        """Records ``text`` as the artifact ``path``, such as ``report/summary.md``."""
        copy = self._outbox.new_path(Path(path).name)
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

    def log_dataset(self, location: Path | str, manifest: Manifest, context: str) -> LoggedDataset:
        """Records a prepared dataset as an input of this run, and tags the run with its corpus and fingerprint.

        Args:
            location: its folder, or its URL.
            manifest: its manifest.
            context: what it served for: ``training``, ``prepared``, … With ``validation`` or ``test`` only these
                held-out sentences are meant, and their own digest stands for them.

        Returns:
            Its name and digest in MLflow, for :meth:`log_metrics`.
        """
        self.set_tags({"corpus": manifest.parameters.get("corpus", ""), "fingerprint": manifest.fingerprint})
        name = str(manifest.parameters.get("corpus", Path(location).name))
        profile = {split: manifest.records(split) for split in manifest.splits} | {"draws": manifest.draws()}
        digest = manifest.fingerprint
        if heldout := manifest.heldout.get(context):
            name, profile, digest = f"{name} · {context}", {"sentences": heldout.sentences}, heldout.digest
        tags = {"key": manifest.key, "fingerprint": manifest.fingerprint}
        return self._log_input(name, digest, str(location), profile, context, tags)

    def log_corpus(self, corpus: str, digest: str, context: str, sentences: int | None = None) -> LoggedDataset:
        """Records a corpus as an input of this run.

        Args:
            corpus: as the user named it: a path, ``sample``, …
            digest: of its content.
            context: what it served for: ``corpus``, ``test``, …
            sentences: how many there are, if that is known.

        Returns:
            Its name and digest in MLflow, for :meth:`log_metrics`.
        """
        profile = {} if sentences is None else {"sentences": sentences}
        return self._log_input(corpus, digest, corpus, profile, context, {})

    def log_base(self, model_id: str, tags: Mapping[str, str]) -> None:
        """Records the model that this run begins from: tags, and where MLflow knows it, an input of the run.

        Args:
            model_id: of the logged model in this store, empty if it is not there.
            tags: which model it is, see :mod:`lineage`.
        """
        self.set_tags(tags)
        if model_id:
            self._outbox.put("model", model_id=model_id)

    def _log_input(
        self, name: str, digest: str, source: str, profile: Mapping[str, int], context: str, tags: Mapping[str, str]
    ) -> LoggedDataset:
        logged = LoggedDataset(name[:_NAME_LENGTH], digest[:_DIGEST_LENGTH])
        self._outbox.put(
            "dataset",
            dataset={
                "name": logged.name,
                "digest": logged.digest,
                "source_type": source.partition("://")[0] if "://" in source else "local",
                "source": json.dumps({"uri": source}),
                "profile": json.dumps(profile),
            },
            context=context,
            tags={**tags, "digest": digest},  # In full.
        )
        self.datasets.append(logged)
        return logged

    def log_parameters(self, parameters: Mapping[str, Any], prefix: str = "") -> None:
        """Records the values that are in force."""
        items = [(f"{prefix}{name}", as_text(value)) for name, value in parameters.items()]
        for start in range(0, len(items), 100):  # MLflow takes no more at once.
            self._outbox.put("params", params=dict(items[start : start + 100]))

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Tags the run; of a long text the first 5,000 characters."""
        self._outbox.put("tags", tags={name: str(value) for name, value in tags.items()})

    def describe(self, markdown: str) -> None:
        """Sets the first paragraph of the run's description; the rest is written at its end."""
        self.note = markdown

    def rename(self, name: str) -> None:
        """Gives the run another name, unless its user named it."""
        if self.name:
            self.name = name
            self.set_tags({"mlflow.runName": name})

    def flush(self) -> None:
        """Waits until everything logged so far is in the store.

        Raises:
            InputError: if the server does not take it.
        """
        await_server()
        if not self._outbox.flush():
            raise InputError(f"MLFLOW_TRACKING_URI: the tracking server does not take what run {self.run_id} logs")


def as_text(value: Any) -> str:
    """A parameter's value as it is set on a command line."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def run_page(experiment_id: str, run_id: str) -> str:
    """The page of a run, below the address of MLflow's UI."""
    return f"#/experiments/{experiment_id}/runs/{run_id}"
