"""The step cache: a step that was finished before on the same inputs, parameters and code need not run again.

MLflow's store is the cache: a step's run carries its key and where its outputs are, and is the entry. A run that is
deleted in the UI is forgotten, one that failed never counts.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.code import code_digest
from components.tracking.run import StepRun, run_page
from components.tracking.store import patiently, read_text

KEY_TAG = "step.key"
OUTPUTS_TAG = "step.outputs"
REUSED_TAG = "reused"


@dataclass(frozen=True)
class FinishedStep:
    """A run whose result may stand. ``outputs``: name → where it is or what it is, as the step logged it."""

    run_id: str
    experiment_id: str
    outputs: dict[str, str]
    metrics: dict[str, float]

    def read(self, path: str) -> str | None:
        """The content of its artifact ``path``; None if it is missing or no longer text."""
        try:
            return read_text(self.run_id, path)
        except UnicodeDecodeError:
            return None


def step_key(step: str, entry: str, inputs: Mapping[str, str], parameters: Mapping[str, Any]) -> str:
    """A digest of everything that decides the result of a step.

    Args:
        step: its name.
        entry: the module that runs it, from which its code is found, such as ``pipelines.train``.
        inputs: name → digest of the content.
        parameters: those that decide the result, and no others.
    """
    decisive = {"step": step, "code": code_digest(entry), "inputs": dict(inputs), "parameters": dict(parameters)}
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:32]


def find_finished(step: str, key: str) -> list[FinishedStep]:
    """The finished runs of this step with this key in the current experiment, newest first.

    The caller checks whether their outputs are still there.
    """
    import mlflow

    # Runs that reused another are not found: they have no key.
    which = f"tags.step = '{step}' AND tags.`{KEY_TAG}` = '{key}' AND attributes.status = 'FINISHED'"
    newest = ["attributes.start_time DESC"]
    runs = patiently(
        lambda: mlflow.search_runs(filter_string=which, order_by=newest, max_results=20, output_format="list")
    )
    return [
        FinishedStep(
            run.info.run_id,
            run.info.experiment_id,
            json.loads(run.data.tags.get(OUTPUTS_TAG, "{}")),
            dict(run.data.metrics),
        )
        for run in runs
    ]


def remember(run: StepRun, key: str, outputs: Mapping[str, str]) -> None:
    """Makes a run an entry of the cache, as soon as it is finished.

    Args:
        run: the step's, with all its outputs.
        key: of its result, see :func:`step_key`.
        outputs: what they are, or where: name → path, URI or digest.
    """
    run.set_tags({OUTPUTS_TAG: json.dumps(dict(outputs)), KEY_TAG: key})


def mark_reused(run: StepRun, finished: FinishedStep | None, *, metrics: bool = True) -> None:
    """Shows in the run tree that a step was not run because an earlier result stands.

    The run names the earlier one as tag ``reused`` and links to it.

    Args:
        run: the step's, in which nothing is done.
        finished: the earlier run, None if no run is known, only its output.
        metrics: also repeat its last metrics, so that comparisons of whole workflows show them.
    """
    run.rename(f"{run.name} (reused)")
    if finished is None:
        run.set_tags({REUSED_TAG: "unknown"})
        run.describe("Its result was there already; no run in this store made it.")
        return
    run.set_tags({REUSED_TAG: finished.run_id, OUTPUTS_TAG: json.dumps(finished.outputs)})
    if metrics:
        run.log_metrics({k: v for k, v in finished.metrics.items() if not k.startswith("system/")})
    page = run_page(finished.experiment_id, finished.run_id)
    run.describe(f"Nothing was done: inputs, parameters and code are those of [this run]({page}).")
