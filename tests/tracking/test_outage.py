"""A tracking server that goes away in the middle: the work goes on, and the record is completed when it is back."""

import threading
import time
from typing import Any

import filelock
import mlflow
import pytest
from mlflow import MlflowClient

from components.errors import InputError
from components.tracking import check_tracking, step_run
from components.tracking import outbox as outbox_module
from components.tracking import store as store_module
from components.tracking.outbox import KEPT, deliver_kept
from tests.tracking.conftest import Line


def test_server_that_comes_back_in_time_misses_nothing(server: Line) -> None:
    with step_run("train", {}) as run:
        run.log_metrics({"loss": 3}, step=1)
        server.cut()
        start = time.monotonic()
        for step in range(2, 1001):
            run.log_metrics({"loss": 1 / step}, step=step)
        assert time.monotonic() - start < 0.5
        server.restore()
    assert MlflowClient().get_run(run.run_id).info.status == "FINISHED"
    assert len(MlflowClient().get_metric_history(run.run_id, "loss")) == 1000
    assert not KEPT.exists()


def test_what_could_not_be_logged_is_logged_at_the_next_start(
    server: Line, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(outbox_module, "PATIENCE_SECONDS", 1.0)
    with step_run("main", {}) as parent, step_run("train", {}) as run:
        server.cut()
        run.log_metrics({"loss": 2}, step=7)
        run.log_text("kept", "notes/note.txt")
    (logged,) = [record.message for record in caplog.records if run.run_id in record.message]
    assert "the server is away; what could not be logged is kept in mlruns/outbox/" in logged
    assert mlflow.active_run() is None

    server.restore()
    assert MlflowClient().get_run(run.run_id).info.status == "RUNNING"
    check_tracking()
    for run_id in (run.run_id, parent.run_id):
        assert MlflowClient().get_run(run_id).info.status == "FINISHED"
    assert MlflowClient().get_metric_history(run.run_id, "loss")[0].step == 7
    assert mlflow.artifacts.load_text(f"runs:/{run.run_id}/notes/note.txt") == "kept"
    assert not list(KEPT.glob("*/*"))


def test_what_the_server_refuses_is_reported_and_dropped(server: Line, caplog: pytest.LogCaptureFixture) -> None:
    with step_run("train", {"units": 512}) as run:
        run.log_parameters({"units": 1024})
        run.log_metrics({"loss": 1})
    assert MlflowClient().get_run(run.run_id).data.metrics == {"loss": 1}
    assert MlflowClient().get_run(run.run_id).data.params == {"units": "512"}
    assert [r.message for r in caplog.records if "params of run" in r.message and "was refused" in r.message]


def test_next_step_waits_for_a_server_that_is_away(server: Line, caplog: pytest.LogCaptureFixture) -> None:
    with step_run("main", {}):
        server.cut()
        restoring = threading.Timer(2.0, server.restore)
        restoring.start()
        with step_run("train", {}) as run:
            pass
        restoring.join()
    assert MlflowClient().get_run(run.run_id).info.status == "FINISHED"
    assert len([record for record in caplog.records if "the server is away" in record.message]) == 1


def test_server_that_stays_away_ends_the_next_step_in_one_line(server: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "WAIT_SECONDS", 1.0)
    monkeypatch.setattr(outbox_module, "PATIENCE_SECONDS", 1.0)

    def work() -> None:
        with step_run("main", {}):
            server.cut()
            with step_run("train", {}):
                pass

    with pytest.raises(InputError, match=r"has been away for 1 s .*the same command goes on"):
        work()


def test_mlflow_call_that_fails_because_of_it_ends_in_one_line(server: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_module, "PATIENCE_SECONDS", 1.0)

    def work() -> None:
        with step_run("train", {}):
            server.cut()
            mlflow.log_metric("loss", 1)

    with pytest.raises(InputError, match=r"the tracking server went away .*what is finished is kept"):
        work()


def test_two_processes_that_start_after_an_outage_both_start(
    server: Line, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(outbox_module, "PATIENCE_SECONDS", 1.0)
    with step_run("train", {}) as run:
        server.cut()
        run.log_metrics({"loss": 2}, step=7)
    server.restore()

    lock = filelock.FileLock

    class LateLock(filelock.FileLock):
        """One for which another process is just done."""

        def acquire(self, *arguments: Any, **options: Any) -> Any:
            with monkeypatch.context() as before:
                before.setattr(filelock, "FileLock", lock)
                deliver_kept(server.uri)
            return super().acquire(*arguments, **options)

    monkeypatch.setattr(filelock, "FileLock", LateLock)
    caplog.clear()
    deliver_kept(server.uri)
    assert [record.message for record in caplog.records] == [
        f"tracking: run {run.run_id} was completed with what was kept of it"
    ]
