"""`mlproject` and what `mlflow run` makes of it: real processes, without making an environment."""

import os
import subprocess
import sys
from pathlib import Path

import mlflow
import pytest
import yaml
from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.exceptions import ExecutionException

from pipelines.mlproject import ENTRIES, mlproject, parameter_names

PROJECT = Path(__file__).parents[2]


def mlflow_run(parameter: str) -> tuple[str, Run]:
    """What `mlflow run` with a parameter that is refused printed on standard error, and the run that it opened."""
    command = [sys.executable, "-m", "mlflow", "run", str(PROJECT), "--env-manager", "local", "-P", parameter]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    result = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PATH": path})
    assert result.returncode != 0
    (run,) = MlflowClient().search_runs(["0"])
    return result.stderr, run


def called_in_python(
    parameter: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> tuple[str, Run]:
    """The same by MLflow's function, which spares a process that imports MLflow."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    name, value = parameter.split("=")
    with pytest.raises(ExecutionException):
        mlflow.projects.run(str(PROJECT), env_manager="local", parameters={name: value})
    (run,) = MlflowClient().search_runs(["0"])
    return capfd.readouterr().err, run


def test_is_what_the_parameters_make_it() -> None:
    assert (PROJECT / "mlproject").read_text() == mlproject(), "python -m pipelines.mlproject > mlproject"


@pytest.mark.parametrize("entry", ENTRIES)
def test_passes_every_parameter_of_the_entry_and_no_other(entry: str) -> None:
    found = yaml.safe_load((PROJECT / "mlproject").read_text())["entry_points"][entry]
    names = parameter_names(ENTRIES[entry])
    assert list(found.get("parameters", {})) == names
    assert found["command"].split()[:3] == ["python", "-m", f"pipelines.{ENTRIES[entry]}"]
    assert found["command"].split()[3:] == [word for name in names for word in (f"--{name}", f"{{{name}}}")]
    assert {parameter["default"] for parameter in found.get("parameters", {}).values()} <= {"default"}


def test_the_workflow_takes_the_parameters_of_its_steps() -> None:
    names = parameter_names("workflow")
    assert {"corpus", "runner", "units", "learning_rate", "beam_width", "model_name", "recipe", "force"} <= {*names}
    assert "model" not in names


@pytest.mark.parametrize(
    ("parameter", "message", "in_python"),
    [
        ("recipe=it's large", """recipe: found "it's large", must be one of:""", False),
        ("unit=3", "unit: workflow has no such parameter; did you mean units?", True),
    ],
)
def test_bad_input_is_one_line_and_a_failed_run(
    parameter: str,
    message: str,
    in_python: bool,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    printed, run = called_in_python(parameter, monkeypatch, capfd) if in_python else mlflow_run(parameter)
    (line,) = [line for line in printed.splitlines() if line.startswith("error: ")]
    assert message in line
    assert "Traceback" not in printed
    assert run.info.status == "FAILED"
    assert message in run.data.tags["failure"]


def test_lock_holds_the_pinned_requirements_for_this_python_only() -> None:
    lines = (PROJECT / "requirements.txt").read_text().splitlines()
    pinned = {line.split(" ;")[0] for line in lines if "==" in line and not line.startswith("#")}
    locked = [line for line in (PROJECT / "requirements.lock").read_text().splitlines() if line[0].isalpha()]
    assert [line for line in locked if "; python_version == '3.11'" not in line] == []
    # The lock names extras where something beneath asks for them.
    versions = {line.split(" ;")[0] for line in locked}
    versions |= {f"{version.split('[')[0]}=={version.split('==')[1]}" for version in versions}
    assert pinned - versions == set()
