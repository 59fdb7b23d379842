"""The entry ``main``: prepare → train → evaluate → register, one MLflow run with a nested run for each step.

Usage: ./nmt [-P corpus=… -P units=… …]; ``python -m pipelines.workflow --help`` lists the parameters.
"""

import dataclasses
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from components.code import PROJECT
from components.corpus.parameters import PrepareParameters
from components.dataset.manifest import Manifest
from components.errors import InputError
from components.evaluation.measurement import as_metrics, example_lines, guard_lines
from components.parameters import STEPS, forced_steps, parameter, select
from components.serving.options import TranslationOptions
from components.serving.translator import TranslatorSettings
from components.tracking import check_tracking, step_run
from components.tracking.description import short_corpus
from components.tracking.store import tracking_uri
from pipelines import cli, evaluate, prepare, train
from pipelines.base import with_base
from pipelines.local_dataset import local_dataset

T = TypeVar("T")

ABOUT = "Runs the whole workflow: prepares the corpus, trains, evaluates, registers."


@dataclass(frozen=True)
class WorkflowParameters:
    """What only the whole workflow takes."""

    recipe: str = parameter("", "name of a set of values, a file of pipelines/recipes; what is set beside it wins")


PARAMETERS = (WorkflowParameters, PrepareParameters, train.TrainParameters, evaluate.EvaluateParameters)
# The workflow evaluates the model that it has just trained.
WITHOUT = ("model",)


def main(argv: list[str]) -> None:
    """Parses the command line and runs the workflow."""
    run(cli.parse(argv, "workflow", ABOUT, PARAMETERS, WITHOUT))


def run(given: cli.Values) -> evaluate.Evaluation:
    """All steps in this process, one after the other, each handing the next a value.

    A step whose result is there already, from the same inputs, parameters and code, is not run again.

    Args:
        given: the values of the parameters of all steps.

    Returns:
        What the last step found out about the model it registered.

    Raises:
        InputError: if something cannot work, as far as possible before any work begins.
    """
    forced_steps(given["force"])
    values, base = with_base(given)
    prepare_parameters, train_parameters = select(PrepareParameters, values), select(train.TrainParameters, values)
    _check_shares(values)
    TranslatorSettings(has_attention=values["attention"] != "none").check(select(TranslationOptions, values))
    plan = prepare.plan_of(prepare_parameters, base)
    check_tracking()
    defaults = {name: field.default for name, field in cli.fields_of(PARAMETERS).items()}
    if values["recipe"] and values["corpus"] == defaults["corpus"]:
        print(f"recipe {values['recipe']}: no corpus is set beside it, so it trains on the embedded {values['corpus']}")
    with step_run("main", values, name=f"workflow {short_corpus(values['corpus'])}", defaults=defaults) as parent:
        data_dir = _timed(1, lambda: local_dataset(prepare.run(prepare_parameters, plan)))
        parent.log_dataset(data_dir, Manifest.load(data_dir), context="training")
        model = _timed(2, lambda: train.run(train_parameters, data_dir, base))
        # Given corpora are in the dataset by now, beside everything that was kept from training because of them.
        parameters = dataclasses.replace(select(evaluate.EvaluateParameters, values), test_corpus="", guard_corpus="")
        evaluation = _timed(3, lambda: evaluate.run(parameters, model.model_uri, data_dir))
        parent.log_metrics(as_metrics(evaluation.measured))
        parent.set_tags({"model": f"models:/{evaluation.name}/{evaluation.version}"})
        scores = evaluation.measured.scores
        page = f"#/models/{evaluation.name}/versions/{evaluation.version}"
        result = f"**BLEU {scores.bleu.value:.1f}**, chrF {scores.chrf.value:.1f}"
        parent.describe(f"{result}. {evaluation.promotion} ([the version]({page})).")
    print(_summary(evaluation, parent.page))
    return evaluation


def _check_shares(values: Mapping[str, Any]) -> None:
    """Training needs a validation split, and evaluation a test split."""
    for split in ("validation", "test"):
        if not values[f"{split}_corpus"] and not values[f"{split}_share"]:
            raise InputError(f"{split}_share: found 0, must be more unless {split}_corpus is given")


def _timed(number: int, work: Callable[[], T]) -> T:
    label = f"[{number}/{len(STEPS)}] {STEPS[number - 1]}"
    print(f"{label} …", flush=True)
    start = time.monotonic()
    result = work()
    print(f"{label} done in {time.monotonic() - start:.1f} s", flush=True)
    return result


def _summary(evaluation: evaluate.Evaluation, page: str) -> str:
    store = tracking_uri()
    scores = evaluation.measured.scores
    lines = ["", f"BLEU {scores.bleu.value:.1f}   chrF {scores.chrf.value:.1f}", ""]
    lines += [f"Guard  {found}" for found in guard_lines(evaluation.measured)]
    for example in evaluation.examples:
        lines += example_lines(example)
    look = [f"UI     {store}/{page}"]
    if not store.startswith("http"):
        other = "" if store == f"sqlite:///{PROJECT}/mlflow.db" else f" --backend-store-uri {store}"
        look = [f"UI     ./nmt ui{other}", f"       http://127.0.0.1:5000/{page}"]
    lines += [
        "",
        f"Model  {evaluation.name} version {evaluation.version}",
        f"Gate   {evaluation.promotion}",
        *look,
        f"Serve  ./nmt serve -P model=models:/{evaluation.name}/{evaluation.version}",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    cli.run(main)
