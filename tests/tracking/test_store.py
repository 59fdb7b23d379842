"""What precedes all steps: a store made by several processes at once, a server that is away, abandoned runs closed."""

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mlflow import MlflowClient

from components.errors import InputError
from components.tracking import check_tracking, step_run
from tests.tracking.conftest import Line

PROCESSES = 4
# The modules are imported once for all of them.
TRACK_SOMETHING = f"""
import multiprocessing, sys
from components.tracking import check_tracking, step_run

def track():
    check_tracking()
    with step_run("prepare", {{"number": 1}}) as run:
        run.log_metrics({{"kept": 1}})

fork = multiprocessing.get_context("fork")
processes = [fork.Process(target=track) for _ in range({PROCESSES})]
for process in processes:
    process.start()
for process in processes:
    process.join()
sys.exit(sum(process.exitcode != 0 for process in processes))
"""


def test_four_processes_create_one_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/new/mlflow.db")
    done = subprocess.run([sys.executable, "-c", TRACK_SOMETHING], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

    runs = MlflowClient().search_runs(["0"])
    assert [(run.info.status, run.data.metrics["kept"]) for run in runs] == [("FINISHED", 1)] * PROCESSES


def test_store_in_a_folder_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/file/mlflow.db")
    with pytest.raises(InputError, match=r"MLFLOW_TRACKING_URI: the store .*/file/mlflow.db cannot be opened"):
        check_tracking()


def test_file_that_is_no_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mlflow.db").write_text("This is no database, although it is long enough to be one. " * 20)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    with pytest.raises(InputError, match=r"cannot be opened: .*not a database"):
        check_tracking()


def test_server_that_answers(server: Line) -> None:
    assert check_tracking() == server.uri


@pytest.mark.parametrize("kind", ["nobody listens", "listens and is silent", "no such host", "no address"])
def test_server_that_is_away_is_refused_within_seconds(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        if kind == "listens and is silent":
            listener.listen()
        uri = {"no such host": "http://nowhere.invalid:5000", "no address": "http://:x"}.get(
            kind, f"http://user:secret@127.0.0.1:{port}"
        )
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        start = time.monotonic()
        with pytest.raises(InputError, match="MLFLOW_TRACKING_URI: no tracking server answers at") as caught:
            check_tracking()
        assert time.monotonic() - start < 10
        assert "secret" not in str(caught.value)


TRAIN_FOR_LONG = """
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
    process = subprocess.Popen([sys.executable, "-c", TRAIN_FOR_LONG, started])
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
