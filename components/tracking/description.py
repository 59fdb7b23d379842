"""What a run says about itself in the UI: its name, where it ran, what came out and how to repeat it."""

import os
import platform
import shlex
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from components.code import PROJECT
from components.tracking.run import StepRun

_PACKAGES = ("tensorflow", "tensorflow-addons", "apache-beam", "mlflow")
_COMMAND = "./nmt"
_OUTCOME = {"FINISHED": "finished", "FAILED": "failed", "KILLED": "was stopped"}
_LONGEST_NAME = 40
# Both together let the tag hold the description with room to spare.
_SHOWN_METRICS = 30
_LONGEST_VALUE = 300


def short_corpus(corpus: str) -> str:
    """A corpus parameter in a few words, for names of runs: the last folder and the name of the first path.

    ``/home/me/multi30k/train.{en,fr}`` is ``multi30k/train.{en,fr}``.
    """
    words = corpus.split()
    name = "/".join([part for part in words[0].split("/") if part][-2:])
    more = f" + {len(words) - 1}" if len(words) > 1 else ""
    return (name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…") + more


def run_facts() -> dict[str, str]:
    """Tags for a run: ``git.commit``, ``git.dirty``, ``host.*``, ``python`` and the versions of the stack."""
    import psutil

    return {
        **git_facts(),
        "host.name": platform.node(),
        "host.system": f"{platform.system()} {platform.machine()}",
        "host.cpus": str(os.cpu_count()),
        "host.memory_gib": f"{psutil.virtual_memory().total / 2**30:.1f}",
        "python": platform.python_version(),
        **{f"version.{package}": version(package) for package in _PACKAGES},
    }


def git_facts(folder: Path = PROJECT) -> dict[str, str]:
    """``git.commit`` and ``git.dirty`` (true if anything tracked or untracked differs); empty outside a checkout."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(folder), *arguments]
        try:
            return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout.strip()
        except (OSError, subprocess.SubprocessError):
            return ""

    commit = git("rev-parse", "HEAD")
    return {"git.commit": commit, "git.dirty": str(bool(git("status", "--porcelain"))).lower()} if commit else {}


def describe(
    run: StepRun,
    step: str,
    status: str,
    failure: str,
    seconds: float,
    changed: Mapping[str, str],
    facts: Mapping[str, str],
) -> str:
    """The description of a run at its end.

    Args:
        run: with all that was logged to it.
        step: its name.
        status: ``FINISHED``, ``FAILED`` or ``KILLED``.
        failure: the reason; empty if there is none.
        seconds: how long it took.
        changed: the parameters that are not at their default.
        facts: as :func:`run_facts` gives them.
    """
    datasets = dict.fromkeys(f"{dataset.name} (`{dataset.digest[:12]}…`)" for dataset in run.datasets)
    metrics = sorted(name for name in run.metrics if not name.startswith("system/"))[:_SHOWN_METRICS]
    rows = [f"| {name} | {_number(run.metrics[name])} |" for name in metrics]
    parts = [
        run.note,
        f"**{step}** {_OUTCOME[status]} after {seconds:.1f} s" + (f": {failure}" if failure else ""),
        f"**Data** {', '.join(datasets)}" if datasets else "",
        "\n".join(["| result | |", "| --- | ---: |", *rows]) if rows else "",
        _repeat(step, changed, facts),
    ]
    return "\n\n".join(part for part in parts if part)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _repeat(step: str, changed: Mapping[str, str], facts: Mapping[str, str]) -> str:
    entry = "" if step == "main" else f" {step}"
    flags = "".join(
        f" -P {name}={shlex.quote(value)}" for name, value in changed.items() if len(value) < _LONGEST_VALUE
    )
    commit = facts.get("git.commit", "")
    dirty = " (with changes that were not committed)" if facts.get("git.dirty") == "true" else ""
    at = f" at commit `{commit[:12]}`{dirty}" if commit else ""
    return f"**Repeat**{at}\n\n```\n{_COMMAND}{entry}{flags}\n```"
