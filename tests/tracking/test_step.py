"""Steps as MLflow runs: how they nest, what they record, how they end. On a real SQLite store and a real server."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from components.errors import InputError
from components.tracking import StepRun, label_opened_run, mark_failed, step_run
from components.tracking import step as step_module
from tests.tracking.conftest import Line


@dataclass(frozen=True)
class Parameters:
    corpus: str = "train.{en,fr}"
    reverse: bool = True
    units: int = 512


@pytest.fixture
def opened_run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run as `mlflow run` opens it: a random name, the parameters shell-quoted, its id in the environment."""
    client = MlflowClient()
    run = client.create_run("0", run_name="casual-toad-123")
    client.log_param(run.info.run_id, "corpus", "'train.{en,fr}'")
    client.log_param(run.info.run_id, "units", "default")
    monkeypatch.setenv("MLFLOW_RUN_ID", run.info.run_id)
    return run


def interrupted(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def runs() -> list[Run]:
    return MlflowClient().search_runs(["0"])


def test_run_of_its_own() -> None:
    with step_run("train", Parameters(), name="train lstm") as run:
        assert mlflow.active_run().info.run_id == run.run_id
        run.set_tags({"corpus": "sample"})
    assert mlflow.active_run() is None
    (found,) = runs()
    assert (found.info.status, found.info.run_name) == ("FINISHED", "train lstm")
    assert found.data.params == {"corpus": "train.{en,fr}", "reverse": "true", "units": "512"}
    tags = found.data.tags
    assert (tags["step"], tags["corpus"], tags["python"][:4]) == ("train", "sample", "3.11")
    assert int(tags["host.cpus"]) > 0


def test_adopts_what_mlflow_run_opened_and_nests_below_it(opened_run: Run) -> None:
    with step_run("main", Parameters(), name="workflow") as parent, step_run("prepare", Parameters()) as child:
        assert "MLFLOW_RUN_ID" not in os.environ
    assert parent.run_id == opened_run.info.run_id
    by_id = {run.info.run_id: run for run in runs()}
    assert by_id.keys() == {parent.run_id, child.run_id}
    assert by_id[parent.run_id].info.run_name == "workflow"
    assert by_id[parent.run_id].data.params == {
        "corpus": "'train.{en,fr}'",
        "units": "default",
        "effective.corpus": "train.{en,fr}",
        "effective.reverse": "true",
        "effective.units": "512",
    }
    assert by_id[child.run_id].data.tags["mlflow.parentRunId"] == parent.run_id
    assert by_id[child.run_id].data.params["corpus"] == "train.{en,fr}"
    assert {run.info.status for run in by_id.values()} == {"FINISHED"}


def test_name_that_the_user_gave_stays(opened_run: Run) -> None:
    MlflowClient().update_run(opened_run.info.run_id, name="my experiment")
    with step_run("main", {}, name="workflow"):
        pass
    assert runs()[0].info.run_name == "my experiment"


def test_run_of_an_entry_that_is_no_step_has_its_name(opened_run: Run) -> None:
    label_opened_run("translate")
    (found,) = runs()
    assert (found.info.run_name, found.data.tags["step"], found.info.status) == ("translate", "translate", "RUNNING")


def test_failure_is_tagged_on_every_level() -> None:
    with pytest.raises(InputError), step_run("main", {}), step_run("prepare", {}):
        raise InputError("corpus: no such file:\nx.en")
    assert [(run.info.status, run.data.tags["failure"]) for run in runs()] == [
        ("FAILED", "InputError: corpus: no such file: x.en")
    ] * 2


def test_failure_before_any_step_is_tagged_on_the_run_that_mlflow_run_opened(opened_run: Run) -> None:
    mark_failed("units: found 'x', must be a whole number")
    (found,) = runs()
    assert (found.info.status, found.data.tags["failure"]) == ("FAILED", "units: found 'x', must be a whole number")


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_process_leaves_killed_runs(sent: signal.Signals, tmp_path: Path) -> None:
    code = """
import sys, time
from pathlib import Path
from components.tracking import step_run
from pipelines import cli
def main(argv):
    with step_run("main", {}), step_run("train", {}):
        Path(argv[0]).touch()
        time.sleep(60)
cli.run(main)
"""
    started = tmp_path / "started"
    process = subprocess.Popen(
        [sys.executable, "-c", code, started],
        stderr=subprocess.PIPE,
        text=True,
        # A shell's background jobs, and all that they start, ignore SIGINT.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while not started.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    process.send_signal(sent)
    assert process.communicate()[1] == "interrupted\n"
    assert process.returncode == 130
    assert [(run.info.status, run.data.tags["failure"]) for run in runs()] == [("KILLED", "interrupted")] * 2


def test_interrupted_before_the_run_is_opened_leaves_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_module, "run_facts", interrupted)
    with pytest.raises(KeyboardInterrupt), step_run("train", {}):
        pass
    assert runs() == []
    assert mlflow.active_run() is None


def test_interrupted_while_the_run_is_opened_leaves_it_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StepRun, "log_parameters", interrupted)
    with pytest.raises(KeyboardInterrupt), step_run("train", {}):
        pass
    (found,) = runs()
    assert (found.info.status, found.data.tags["step"]) == ("KILLED", "train")


def test_metrics_artifacts_and_tables_over_http(server: Line, tmp_path: Path) -> None:
    folder = tmp_path / "vocabularies"
    folder.mkdir()
    (folder / "vocabulary.fr.txt").write_text("œuf\n")
    with step_run("evaluate", {}) as run:
        for step in range(1, 2501):
            run.log_metrics({"loss": 1 / step}, step=step)
        run.log_metrics({"bleu": 40.5})
        run.log_artifact(folder, folder="dataset")
        (folder / "vocabulary.fr.txt").write_text("changed afterwards")
        run.log_text("# Über", "report/summary.md")
        run.log_table({"source": ["b", "a"], "chrf": [1.5, 2.5]}, "tables/one.json")
        run.log_table({"n": [1]}, "two.json")
    client = MlflowClient()
    assert client.get_run(run.run_id).data.metrics == {"loss": 1 / 2500, "bleu": 40.5}
    history = client.get_metric_history(run.run_id, "loss")
    assert [(point.step, point.value) for point in history] == [(step, 1 / step) for step in range(1, 2501)]
    place = Path(mlflow.artifacts.download_artifacts(run_id=run.run_id, dst_path=str(tmp_path / "downloaded")))
    assert (place / "dataset/vocabularies/vocabulary.fr.txt").read_text() == "œuf\n"
    assert (place / "report/summary.md").read_text() == "# Über"
    assert mlflow.load_table("tables/one.json", run_ids=[run.run_id]).values.tolist() == [["b", 1.5], ["a", 2.5]]
    assert mlflow.load_table("two.json", run_ids=[run.run_id]).values.tolist() == [[1]]


def test_columns_of_different_length_are_refused() -> None:
    with step_run("evaluate", {}) as run, pytest.raises(ValueError, match="zip"):
        run.log_table({"a": [1], "b": []}, "table.json")
