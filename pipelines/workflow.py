"""The entry ``main``: prepare → train → evaluate → register, one MLflow run with a nested run for each step.

Usage: mlflow run . [-P corpus=… -P units=… …]; ``python -m pipelines.workflow --help`` lists the parameters.
"""

import dataclasses
import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from components.corpus.parameters import PrepareParameters
from components.dataset.manifest import Manifest
from components.errors import InputError
from components.evaluation.parameters import EvaluateParameters
from components.parameters import parameter, select
from components.tracking import check_tracking, step_run
from pipelines import cli, evaluate, prepare, train
from pipelines.local_dataset import local_dataset

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

    A step whose result is there already, from the same inputs, parameters and code, is not run again.

    Args:
        values: of the parameters of all steps.

    Returns:
        What the last step found out about the model it registered.

    Raises:
        InputError: if something cannot work, as far as possible before any work begins.
    """
    forced = forced_steps(values["force"])
    train_parameters = select(train.TrainParameters, values)
    _check_shares(values)
    check_tracking()
    defaults = {name: field.default for name, field in cli.fields_of(PARAMETERS).items()}
    with step_run("main", values, name=f"workflow {values['corpus']}", defaults=defaults) as parent:
        data_dir = _timed(1, lambda: local_dataset(prepare.run(select(PrepareParameters, values))))
        model = _timed(2, lambda: _trained(train_parameters, data_dir, "train" in forced))
        # A given test corpus is in the dataset by now, beside everything that was kept from training because of it.
        parameters = dataclasses.replace(select(EvaluateParameters, values), test_corpus="")
        evaluation = _timed(3, lambda: evaluate.run(parameters, model.model_uri, data_dir))
        parent.log_metrics({"test_bleu": evaluation.bleu, "test_chrf": evaluation.chrf})
        parent.set_tags({"model": f"models:/{evaluation.name}/{evaluation.version}"})
        page = f"#/models/{evaluation.name}/versions/{evaluation.version}"
        parent.describe(f"{evaluation.promotion} ([the version]({page}))")
    print(_summary(evaluation))
    return evaluation


def forced_steps(force: str) -> frozenset[str]:
    """The steps that ``force`` names.

    Raises:
        InputError: if it names one that does not exist.
    """
    names = force.replace(",", " ").split()
    for name in names:
        if name not in (*STEPS, "all"):
            raise InputError(f"force: found {name!r}, must be names of steps ({', '.join(STEPS)}) or all")
    return frozenset(STEPS if "all" in names else names)


def _trained(parameters: train.TrainParameters, data_dir: Path, forced: bool) -> train.TrainedModel:
    """The trained model: that of an earlier run if it is still there, else a new one."""
    from components.tracking.cache import find_finished, record_reuse, remember, step_key
    from components.tracking.registry import is_intact

    manifest = Manifest.load(data_dir)
    decisive = {name: value for name, value in vars(parameters).items() if name not in ("data_dir", "checkpoint_dir")}
    key = step_key("train", "pipelines.train", _dataset_digests(data_dir, manifest), decisive)
    if forced:
        from components.training.checkpoints import forget  # TensorFlow, which takes seconds to import.

        forget(Path(parameters.checkpoint_dir or Path("checkpoints", train.checkpoint_key(parameters, manifest))))
    else:
        for earlier in find_finished("train", key):
            if is_intact(earlier.outputs["model_uri"]):
                print(f"train: run {earlier.run_id} trained this model already, and is reused")
                record_reuse("train", parameters, earlier)
                return train.TrainedModel(earlier.outputs["model_uri"], earlier.run_id)
    model = train.run(parameters, data_dir)
    remember(model.run_id, key, {"model_uri": model.model_uri})
    return model


def _dataset_digests(data_dir: Path, manifest: Manifest) -> dict[str, str]:
    """What training sees of a dataset: the ids, the text codec, the sentences it validates on."""
    codec = hashlib.sha256()
    for path in sorted(path for path in data_dir.rglob("*") if path.is_file()):
        place = path.relative_to(data_dir)
        if place.parts[0] == "tokenizer" or place.name.startswith("vocabulary."):
            codec.update(str(place).encode() + b"\0" + path.read_bytes() + b"\0")
    heldout = {split: part.digest for split, part in manifest.heldout.items() if split == "validation"}
    return {"fingerprint": manifest.fingerprint, "codec": codec.hexdigest(), **heldout}


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
        f"Gate   {evaluation.promotion}",
        f"UI     {ui}",
        f"Serve  {serve} -P model=models:/{evaluation.name}/{evaluation.version}",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    cli.run(main)
