"""The description of a run: what the UI shows above everything else."""

import re
from dataclasses import dataclass

import pytest
from mlflow import MlflowClient

from components.errors import InputError
from components.tracking import step_run
from components.tracking.description import describe


@dataclass(frozen=True)
class Parameters:
    corpus: str = "sample"
    units: int = 512
    reverse: bool = True


def description(run_id: str) -> str:
    return MlflowClient().get_run(run_id).data.tags["mlflow.note.content"]


def test_everything_that_is_known() -> None:
    with step_run("train", {}) as run:
        run.describe("Better than ever.")
        run.log_metrics({"val_bleu": 41.256, "steps": 12345.0, "system/cpu": 1.0})
        for _ in range(2):
            run.log_corpus("sample", "b2eb69bdc294da83e6b6", "training")
    said = describe(
        run,
        step="train",
        status="FINISHED",
        failure="",
        seconds=12.34,
        changed={"corpus": "a 'b' {en,fr}", "units": "64"},
        facts={"git.commit": "0123456789abcdef", "git.dirty": "true"},
    )
    assert (
        said
        == """\
Better than ever.

**train** finished after 12.3 s

**Data** sample (`b2eb69bdc294…`)

| result | |
| --- | ---: |
| steps | 12,345 |
| val_bleu | 41.26 |

**Repeat** at commit `0123456789ab` (with changes that were not committed)

```
./nmt train -P corpus='a '"'"'b'"'"' {en,fr}' -P units=64
```"""
    )


def test_only_what_is_not_default_needs_to_be_repeated() -> None:
    with step_run("train", Parameters(units=64, reverse=False)) as run:
        run.log_metrics({"loss": 2.0}, step=1)
        run.log_metrics({"loss": 1.5}, step=2)
        run.describe("A try.")
    said = description(run.run_id)
    assert said.startswith("A try.\n\n**train** finished after ")
    assert "| loss | 1.5 |" in said
    assert said.endswith("./nmt train -P units=64 -P reverse=false\n```")


def test_whole_workflow_is_the_main_entry() -> None:
    with step_run("main", {"corpus": "x.tsv", "units": 512}, defaults={"corpus": "sample", "units": 512}) as run:
        pass
    assert description(run.run_id).endswith("./nmt -P corpus=x.tsv\n```")


def test_failure_is_described() -> None:
    with pytest.raises(InputError), step_run("prepare", {}) as run:
        raise InputError("corpus: no such file")
    failure = r"\*\*prepare\*\* failed after \d+\.\d s: InputError: corpus: no such file"
    assert re.search(failure, description(run.run_id))
