"""The entry ``main``: prepare → train → evaluate → register, one MLflow run with a nested run for each step."""

import dataclasses
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from components.corpus.parameters import PrepareParameters
from components.errors import InputError
from components.evaluation.parameters import EvaluateParameters
from components.parameters import parameter, select
from components.tracking import check_tracking, step_run
from pipelines import cli, evaluate, prepare, train

T = TypeVar("T")

STEPS = ("prepare", "train", "evaluate")
ABOUT = "Runs the whole workflow: prepares the corpus, trains, evaluates, registers."


@dataclass(frozen=True)
class WorkflowParameters:
    """What only the whole workflow takes."""

    recipe: str = parameter("", "name of a set of values, a file of pipelines/recipes; what is set beside it wins")


PARAMETERS = (WorkflowParameters, PrepareParameters, train.TrainParameters, EvaluateParameters)
# The workflow evaluates the model that it has just trained.
WITHOUT = ("model",)


def main(argv: list[str]) -> None:
    """Parses the command line and runs the workflow."""
    run(cli.parse(argv, "workflow", ABOUT, PARAMETERS, WITHOUT))


def run(values: Mapping[str, Any]) -> evaluate.Evaluation:
    """All steps in this process, one after the other, each handing the next a value.

    Args:
        values: of the parameters of all steps.

    Returns:
        What the last step found out about the model it registered.

    Raises:
        InputError: if something cannot work, as far as possible before any work begins.
    """
    check_force(values["force"])
    check_tracking()
    with step_run("main", values, name=f"workflow {values['corpus']}") as parent:
        data_dir = _step(1, lambda: prepare.run(select(PrepareParameters, values)))
        model = _step(2, lambda: train.run(select(train.TrainParameters, values), data_dir))
        # A given test corpus is in the dataset by now, beside everything that was kept from training because of it.
        parameters = dataclasses.replace(select(EvaluateParameters, values), test_corpus="")
        evaluation = _step(3, lambda: evaluate.run(parameters, model.model_uri, data_dir))
        parent.log_metrics({"bleu": evaluation.bleu, "chrf": evaluation.chrf})
        parent.set_tags({"model": f"models:/{evaluation.name}/{evaluation.version}"})
    print(_summary(evaluation))
    return evaluation


def check_force(force: str) -> None:
    """Refuses names of steps that do not exist.

    Raises:
        InputError: if there is one.
    """
    for name in force.replace(",", " ").split():
        if name not in (*STEPS, "all"):
            raise InputError(f"force: found {name!r}, must be names of steps ({', '.join(STEPS)}) or all")


def _step(number: int, work: Callable[[], T]) -> T:
    label = f"[{number}/{len(STEPS)}] {STEPS[number - 1]}"
    print(f"{label} …", flush=True)
    start = time.monotonic()
    result = work()
    print(f"{label} done in {time.monotonic() - start:.1f} s", flush=True)
    return result


def _summary(evaluation: evaluate.Evaluation) -> str:
    from mlflow import get_tracking_uri

    store = get_tracking_uri()
    lines = ["", f"BLEU {evaluation.bleu:.1f}   chrF {evaluation.chrf:.1f}", ""]
    for example in evaluation.examples:
        lines += [
            f"  {example.source}",
            f"    reference    {example.reference}",
            f"    translation  {example.translation}",
        ]
    ui = store if store.startswith("http") else f"uvx --python 3.11 mlflow@3.17.2 ui --backend-store-uri {store}"
    serve = "uvx --python 3.11 mlflow@3.17.2 run . --env-manager uv -e serve"
    lines += [
        "",
        f"Model  {evaluation.name} version {evaluation.version}",
        f"UI     {ui}",
        f"Serve  {serve} -P model=models:/{evaluation.name}/{evaluation.version}",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    cli.run(main)
