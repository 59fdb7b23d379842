"""The whole workflow against a tracking server with artifacts through it, which goes away in the middle (slow)."""

import time
from pathlib import Path

import mlflow
import pytest

from tests.pipelines.checkout import Checkout, done_steps, runs_of, wait_until
from tests.tracking.conftest import Line

AWAY_SECONDS = 8


@pytest.mark.slow
def test_server_that_goes_away_while_it_trains_misses_nothing(
    server: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = Checkout(tmp_path / "checkout")
    process = checkout.start(epochs="4", batch_tokens="128", model_name="away")
    wait_until(lambda: any((checkout.folder / "checkpoints").glob("*/training.key")), process)
    server.cut()
    time.sleep(AWAY_SECONDS)
    server.restore()
    printed = process.communicate(timeout=600)[0]
    assert process.returncode == 0, printed
    assert "Gate   away version 1 is now champion: there was no champion" in printed
    assert {run.info.status for step in ("main", "prepare", "train", "evaluate") for run in runs_of(step)} == {
        "FINISHED"
    }
    (train,) = runs_of("train")
    history = mlflow.MlflowClient().get_metric_history(train.info.run_id, "val_loss")
    assert len(history) == 4
    (evaluate,) = runs_of("evaluate")
    assert "<h1>away version 1</h1>" in mlflow.artifacts.load_text(f"runs:/{evaluate.info.run_id}/report.html")

    checkout.run(epochs="4", batch_tokens="128", model_name="away")
    assert done_steps() == set()
