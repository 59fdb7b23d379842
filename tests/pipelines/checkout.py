"""A copy of the project that a test may change, and its entry points as a user starts them."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Run

from tests.conftest import PROJECT

SMALL = {
    "corpus": "pairs.tsv",
    "units": "8",
    "embedding_size": "8",
    "epochs": "2",
    "min_count": "2",
    "batch_tokens": "512",
    "test_share": "0.1",
    "precision": "float32",
}


def write_corpus(path: Path, last: str = "tard") -> None:
    """300 pairs."""
    subjects = [("I", "Je"), ("You", "Tu"), ("Paul", "Paul"), ("The cat", "Le chat"), ("We", "Nous")]
    verbs = [(f"see {n} dogs", f"voir {n} chiens") for n in range(60)]
    lines = [f"{en} {what} today .\t{fr} {quoi} {last} .\n" for en, fr in subjects for what, quoi in verbs]
    path.write_text("".join(lines), encoding="utf-8")


class Checkout:
    """The project's code in ``folder``, with a corpus of 300 pairs; ``MLFLOW_TRACKING_URI`` names the store."""

    def __init__(self, folder: Path):
        self.folder = folder
        for room in ("components", "pipelines"):
            shutil.copytree(PROJECT / room, folder / room, ignore=shutil.ignore_patterns("__pycache__"))
        for file in ("README.md", "pyproject.toml", "setup.py", "requirements.txt"):
            shutil.copyfile(PROJECT / file, folder / file)
        write_corpus(folder / "pairs.tsv")

    def start(self, entry: str = "workflow", **parameters: str) -> subprocess.Popen[str]:
        """An entry point as a process of its own group."""
        values = {**(SMALL if entry == "workflow" else {}), **parameters}
        command = [sys.executable, "-m", f"pipelines.{entry}", *(f"--{name}={value}" for name, value in values.items())]
        return subprocess.Popen(
            command,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )

    def run(self, entry: str = "workflow", **parameters: str) -> str:
        """An entry point to its end; what it printed."""
        process = self.start(entry, **parameters)
        printed = process.communicate(timeout=600)[0]
        assert process.returncode == 0, printed
        return printed

    def workflow(self, **parameters: str) -> tuple[set[str], float]:
        """The whole workflow: the steps that were not reused, and the seconds it took."""
        began = time.monotonic()
        self.run(**parameters)
        return done_steps(), time.monotonic() - began


def kill(process: subprocess.Popen[str]) -> None:
    """``kill -9`` of the process and all below it."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Waits for something that happens while the process runs."""
    while not condition():
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.02)


def runs_of(step: str) -> list[Run]:
    """The runs of a step, newest first; none while there is no store."""
    return list(MlflowClient().search_runs(["0"], f"tags.step = '{step}'"))


def done_steps() -> set[str]:
    """The steps of the newest workflow that were not reused."""
    parent = runs_of("main")[0].info.run_id
    steps = MlflowClient().search_runs(["0"], f"tags.`mlflow.parentRunId` = '{parent}'")
    return {run.data.tags["step"] for run in steps if "reused" not in run.data.tags}
