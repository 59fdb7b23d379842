"""What each decision about the model is worth: BLEU and seconds an epoch, with one thing changed at a time.

Usage: python -m benchmarks.ablations --corpus 'train.{en,fr}' --validation_corpus 'val.{en,fr}'
           --test_corpus 'test.{en,fr}' [--epochs 8] [--only NAME,…] [--output benchmarks/ablations.json]

Every variant is prepared, trained and evaluated by the project's own entry points, in the MLflow experiment
``ablations``. The output holds a row a variant; rows of variants that are not run again stay.
"""

import argparse
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

from components.parameters import select

EXPERIMENT = "ablations"
COMMON = {"batch_tokens": 2048, "dropout": 0.3, "patience": 0, "beam_width": 5}
VARIANTS: dict[str, dict[str, Any]] = {
    "attention luong": {"attention": "luong"},
    "attention bahdanau": {"attention": "bahdanau"},
    "attention none": {"attention": "none"},
    "attention none, source not reversed": {"attention": "none", "reverse_source": False},
    "full softmax": {"attention": "luong", "num_sampled": 0},
    # One bucket for all lengths, and batches in which they stand as they come.
    "unbucketed": {"attention": "luong", "bucket_width": 50},
}
UNBUCKETED = "unbucketed"


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("corpus", "validation_corpus", "test_corpus"):
        parser.add_argument(f"--{name}", required=True, help="as of pipelines.prepare")
    parser.add_argument("--epochs", type=int, default=8, help="passes over the training data (default: 8)")
    parser.add_argument("--only", help="variants to run, separated by commas (default: all)")
    parser.add_argument("--output", type=Path, default=Path("benchmarks/ablations.json"))
    arguments = parser.parse_args(argv)
    names = arguments.only.split(",") if arguments.only else list(VARIANTS)
    for name in names:
        if name not in VARIANTS:
            parser.error(f"--only: found {name!r}, must be among {', '.join(VARIANTS)}")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Each in a process of its own: one variant's memory and patches are no other's.
    os.environ["MLFLOW_EXPERIMENT_NAME"] = EXPERIMENT
    for name in names:
        child = os.fork()
        if not child:
            _run(name, arguments)
            sys.stdout.flush()
            os._exit(0)
        if os.waitpid(child, 0)[1]:
            sys.exit(f"{name}: failed")
    for name, row in json.loads(arguments.output.read_text())["variants"].items():
        print("{:<36} BLEU {bleu:5.1f} ± {interval:.1f}   {seconds_per_epoch:6.1f} s an epoch".format(name, **row))


def _run(name: str, arguments: argparse.Namespace) -> None:
    from components.corpus.parameters import PrepareParameters
    from components.evaluation.parameters import EvaluateParameters
    from pipelines import evaluate, prepare, train

    if name == UNBUCKETED:
        from components.training import reader

        reader._SORTED_BATCHES = 1
    corpora = {key: getattr(arguments, key) for key in ("corpus", "validation_corpus", "test_corpus")}
    values = {**COMMON, **VARIANTS[name], **corpora, "epochs": arguments.epochs}
    print(f"=== {name}", flush=True)
    data = Path(prepare.run(select(PrepareParameters, values)))
    checkpoints = f"checkpoints/ablation-{name.replace(' ', '-').replace(',', '')}-{arguments.epochs}"
    trained = train.run(select(train.TrainParameters, {**values, "checkpoint_dir": checkpoints}), data)
    # Not `test_corpus`: the dataset holds it, as it was given.
    settings = select(EvaluateParameters, {"beam_width": values["beam_width"], "model_name": "ablations"})
    scores = evaluate.run(settings, trained.model_uri, data).measured.scores

    import mlflow

    history = mlflow.MlflowClient().get_metric_history(trained.run_id, "train_minutes")
    document = json.loads(arguments.output.read_text()) if arguments.output.exists() else {"variants": {}}
    document["machine"] = f"{os.cpu_count()} cores, {platform.machine()}"
    document["common"] = {**COMMON, "epochs": arguments.epochs}
    document["variants"][name] = {
        "parameters": VARIANTS[name],
        "bleu": round(scores.bleu.value, 2),
        "interval": round(scores.bleu.interval, 2),
        "chrf": round(scores.chrf.value, 2),
        "seconds_per_epoch": round(60 * history[-1].value / arguments.epochs, 1),
        "signature": scores.bleu.signature,
    }
    arguments.output.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
