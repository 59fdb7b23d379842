"""What a run says about itself in the UI, as Markdown: what was done, with what, what came out, how to repeat it."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.tracking.dataset import LoggedDataset

_COMMAND = "./nmt"
# In all, so that the tag holds it with room to spare.
_SHOWN_METRICS = 30
_LONGEST = 300


@dataclass(frozen=True)
class Described:
    """What is known about a run at its end; ``changed`` are the parameters that are not at their default."""

    step: str
    note: str
    status: str
    failure: str
    seconds: float
    metrics: Mapping[str, float]
    datasets: Sequence[LoggedDataset]
    changed: Mapping[str, str]
    facts: Mapping[str, str]


def describe(run: Described) -> str:
    """The description."""
    parts = [
        run.note,
        f"**{run.step}** {_OUTCOME[run.status]} after {run.seconds:.1f} s"
        + (f": {run.failure}" if run.failure else ""),
        _data(run.datasets),
        _results(run.metrics),
        _repeat(run),
    ]
    return "\n\n".join(part for part in parts if part)


_OUTCOME = {"FINISHED": "finished", "FAILED": "failed", "KILLED": "was stopped"}


def _data(datasets: Sequence[LoggedDataset]) -> str:
    named = dict.fromkeys(f"{dataset.name} (`{dataset.digest[:12]}…`)" for dataset in datasets)
    return f"**Data** {', '.join(named)}" if named else ""


def _results(metrics: Mapping[str, float]) -> str:
    shown = sorted(name for name in metrics if not name.startswith("system/"))[:_SHOWN_METRICS]
    if not shown:
        return ""
    return "\n".join(["| result | |", "| --- | ---: |", *(f"| {name} | {_number(metrics[name])} |" for name in shown)])


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _repeat(run: Described) -> str:
    entry = "" if run.step == "main" else f" {run.step}"
    flags = "".join(f" -P {name}={shlex.quote(value)}" for name, value in run.changed.items() if len(value) < _LONGEST)
    commit = run.facts.get("git.commit", "")
    dirty = " (with changes that were not committed)" if run.facts.get("git.dirty") == "true" else ""
    at = f" at commit `{commit[:12]}`{dirty}" if commit else ""
    return f"**Repeat**{at}\n\n```\n{_COMMAND}{entry}{flags}\n```"
