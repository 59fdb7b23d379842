"""Training against a tracking server that goes away in the middle and stays away (slow)."""

import json
import subprocess
import sys
from pathlib import Path

import mlflow
import pytest

from components.tracking.outbox import KEPT
from components.training.history import HISTORY_FILE
from tests.pipelines.checkout import Checkout, runs_of, wait_until
from tests.tracking.conftest import Line

EPOCHS = 4
# The entry point, less patient than it is.
_TRAIN = """
from components.tracking import outbox, store
outbox.PATIENCE_SECONDS = store.WAIT_SECONDS = 2.0
from pipelines import cli, train
cli.run(train.main)
"""


@pytest.mark.slow
def test_training_goes_on_to_its_end_and_the_same_command_logs_the_model_when_the_server_is_back(
    server: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = Checkout(tmp_path / "checkout")
    monkeypatch.chdir(checkout.folder)
    checkout.run("prepare", corpus="pairs.tsv", min_count="2", data_dir="data")
    flags = {"data_dir": "data", "checkpoint_dir": "kept", "units": "8", "embedding_size": "8", "epochs": f"{EPOCHS}"}
    flags |= {"batch_tokens": "128"}
    command = [sys.executable, "-c", _TRAIN, *(f"--{name}={value}" for name, value in flags.items())]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    wait_until(lambda: bool(history()), process)
    server.cut()
    printed = process.communicate(timeout=600)[0]
    assert process.returncode == 2, printed
    assert f"epoch {EPOCHS}: validation loss" in printed
    assert "the server is away; what could not be logged is kept in mlruns/outbox/" in printed
    assert "has been away for 2 s" in printed.splitlines()[-1]
    assert "what is finished is kept, and the same command goes on from there" in printed.splitlines()[-1]
    assert "Traceback" not in printed
    before = history()

    server.restore()
    printed = checkout.run("train", **flags)
    # Nothing is trained again; the model is logged, and each of the two runs has the whole curve.
    assert f"Going on from step {before[-1]['step']} of kept" in printed
    assert history() == before
    again, first = runs_of("train")
    assert [run.info.status for run in (first, again)] == ["FAILED", "FINISHED"]
    assert "has been away" in first.data.tags["failure"]
    measured = [event["metrics"]["val_loss"] for event in before if event["kind"] == "Epoch"]
    assert len(measured) == EPOCHS
    for run in (first, again):
        recorded = mlflow.MlflowClient().get_metric_history(run.info.run_id, "val_loss")
        assert [metric.value for metric in recorded] == measured
    assert not list(KEPT.glob("*/*"))


def history() -> list[dict]:
    """What the training reported so far."""
    file = Path("kept", HISTORY_FILE)
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True) if file.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]
