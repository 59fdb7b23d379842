"""Runs of processes that were killed: closed at the next start, those of living processes are not."""

import subprocess
import sys
from pathlib import Path

from mlflow import MlflowClient

from components.tracking import check_tracking, step_run

CODE = """
import sys, time
from pathlib import Path
from components.tracking import step_run
with step_run("main", {}), step_run("train", {}) as run:
    run.flush()
    Path(sys.argv[1]).touch()
    time.sleep(60)
"""


def test_run_of_a_killed_process_is_closed_at_the_next_start(tmp_path: Path) -> None:
    started = tmp_path / "started"
    process = subprocess.Popen([sys.executable, "-c", CODE, started])
    while not started.exists():
        assert process.poll() is None
    with step_run("evaluate", {}) as alive:
        alive.flush()
        check_tracking()
        assert {run.info.status for run in MlflowClient().search_runs(["0"])} == {"RUNNING"}

        process.kill()
        process.wait()
        check_tracking()
        found = {run.data.tags["step"]: run for run in MlflowClient().search_runs(["0"])}
        assert {step: run.info.status for step, run in found.items()} == {
            "main": "KILLED",
            "train": "KILLED",
            "evaluate": "RUNNING",
        }
        assert found["train"].data.tags["failure"] == "its process ended without a word"
