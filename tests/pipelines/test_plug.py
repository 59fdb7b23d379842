"""`kill -9` of the workflow in each step, then the same command: what was finished is reused, the broken step goes on,
and the result is that of a workflow that was never killed (slow).

``pytest -m slow -s tests/pipelines/test_plug.py`` prints the table.
"""

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from tests.pipelines.checkout import Checkout, kill, runs_of, wait_until

# Long enough to be killed in the middle.
PARAMETERS = {"epochs": "6", "corpus": "sample:3000", "units": "48", "embedding_size": "32", "batch_tokens": "256"}


def running(step: str) -> bool:
    return any(run.info.status == "RUNNING" for run in runs_of(step))


def saved_training(checkout: Checkout) -> bool:
    """Whether training is under way, with a state to go on from."""
    return any((checkout.folder / "checkpoints").glob("*/latest/checkpoint"))


WHEN: dict[str, Callable[[Checkout], bool]] = {
    "prepare": lambda checkout: running("prepare") and any((checkout.folder / "data").glob(".*.partial/records")),
    "train": saved_training,
    "evaluate": lambda checkout: running("evaluate"),
}


def result() -> dict[str, Any]:
    """What must be the same: the newest workflow's fingerprint, scores, and the weights of its model."""
    parent = runs_of("main")[0]
    train = next(run for run in runs_of("train") if "reused" not in run.data.tags and run.info.status == "FINISHED")
    model = train.outputs.model_outputs[0].model_id
    folder = Path(MlflowClient().get_logged_model(model).artifact_location)
    weights = next(folder.rglob("variables.data-00000-of-00001")).read_bytes()
    return {
        "fingerprint": parent.data.tags["fingerprint"],
        "weights": hashlib.sha256(weights).hexdigest(),
        "bleu": parent.data.metrics["test_bleu"],
        "chrf": parent.data.metrics["test_chrf"],
    }


@pytest.mark.slow
@pytest.mark.parametrize("step", WHEN)
def test_workflow_that_was_killed_goes_on_and_ends_the_same(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tracking_uri: str
) -> None:
    checkout = Checkout(tmp_path / "checkout")
    began = time.monotonic()
    process = checkout.start(**PARAMETERS)
    wait_until(lambda: WHEN[step](checkout), process)
    kill(process)
    killed_after = time.monotonic() - began
    assert {run.info.status for run in runs_of("main")} == {"RUNNING"}

    began = time.monotonic()
    printed = checkout.run(**PARAMETERS)
    seconds = time.monotonic() - began
    assert sorted(run.info.status for run in runs_of("main")) == ["FINISHED", "KILLED"]
    (broken,) = [run for run in runs_of(step) if run.info.status == "KILLED"]
    assert broken.data.tags["failure"] == "its process ended without a word"
    finished = {"prepare": [], "train": ["prepare"], "evaluate": ["prepare", "train"]}[step]
    reused = [s for s in ("prepare", "train", "evaluate") if "reused" in runs_of(s)[0].data.tags]
    assert reused == finished
    assert ("Going on from step" in printed) == (step == "train")
    found = result()

    undisturbed = tmp_path / "undisturbed"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{undisturbed}/mlflow.db")
    other = Checkout(undisturbed / "checkout")
    other.run(**PARAMETERS)
    assert result() == found
    print(f"\n| {step} | {killed_after:.1f} | {', '.join(reused) or '–'} | {seconds:.1f} | {found['bleu']:.2f} |")
