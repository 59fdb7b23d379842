"""What each decision about the model is worth: BLEU and seconds an epoch, with one thing changed at a time.

Usage: python -m benchmarks.ablations --corpus 'train.{en,fr}' --validation_corpus 'val.{en,fr}'
           --test_corpus 'test.{en,fr}' [--minutes 5] [--only NAME,…] [--force] [--output benchmarks/ablations.json]

Every variant has the same minutes to be prepared and trained in, for as many epochs as fit: a short trial of it says
how many, so that the learning rate falls to its end whatever a step costs. Each is prepared and trained by the
project's own entry points, in the MLflow experiment ``ablations``, and scored on validation and test sentences as they
were given, greedily and with a beam of 5 (cased detokenized sacreBLEU). The output holds a row a variant. One that is
there with the same settings is not run again: what was interrupted goes on by the same command. ``python -m
benchmarks.ablation_table`` puts the table into docs/reference/results.md.
"""

import argparse
import itertools
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.ablation_table import RESULTS, read_results, table
from components.dataset.heldout import read_heldout
from components.dataset.manifest import Manifest
from components.evaluation.scores import bleu
from components.parameters import select
from components.serving.options import TranslationOptions
from components.tracking.description import short_corpus

EXPERIMENT = "ablations"
COMMON: dict[str, Any] = {"batch_tokens": 2048, "dropout": 0.3, "patience": 0}
# The first is what the others differ from in one thing: its decisions are shared, so it is run once for all of them.
VARIANTS: dict[str, dict[str, Any]] = {
    "attention scaled_luong": {"attention": "scaled_luong"},
    "attention luong": {"attention": "luong"},
    "attention bahdanau": {"attention": "bahdanau"},
    "attention none": {"attention": "none"},
    "attention none without reversal": {"attention": "none", "reverse_source": False},
    "full softmax": {"attention": "scaled_luong", "num_sampled": 0},
    # One bucket for all lengths, and batches in which they stand as they come: of Multi30k 113 sentences in each, as
    # many as the buckets' batches have on average, for as many updates an epoch.
    "unbucketed": {"attention": "scaled_luong", "bucket_width": 50, "batch_tokens": 51 * 113},
}
UNBUCKETED = "unbucketed"
CORPORA = {"corpus": "train", "validation_corpus": "validation", "test_corpus": "test"}
BEAMS = {"greedy": 1, "beam 5": 5}
# Of a variant's minutes, how many are for finding out what a step takes.
_TRIAL_SHARE = 0.05


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in CORPORA:
        parser.add_argument(f"--{name}", required=True, help="as of pipelines.prepare")
    parser.add_argument("--minutes", type=float, default=5.0, help="for each variant, its scoring aside (default: 5)")
    parser.add_argument("--only", help="variants to run, separated by commas (default: all)")
    parser.add_argument("--force", action="store_true", help="run again what is in the output already")
    parser.add_argument(
        "--output", type=Path, default=RESULTS, help=f"the results (default: {RESULTS.name} beside this)"
    )
    arguments = parser.parse_args(argv)
    names = [name.strip() for name in arguments.only.split(",")] if arguments.only else list(VARIANTS)
    for name in names:
        if name not in VARIANTS:
            parser.error(f"--only: found {name!r}, must be among: {', '.join(VARIANTS)}")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["MLFLOW_EXPERIMENT_NAME"] = EXPERIMENT
    for name in names:
        row = read_results(arguments.output)["variants"].get(name)
        if row and row["settings"] == _settings(name, arguments) and not arguments.force:
            print(f"=== {name}: in {arguments.output} already")
            continue
        print(f"=== {name}", flush=True)
        # Each in a process of its own: one variant's memory and patches are no other's.
        child = os.fork()
        if not child:
            _run(name, arguments)
            sys.stdout.flush()
            os._exit(0)
        if os.waitpid(child, 0)[1]:
            sys.exit(f"{name}: failed; the same command goes on with it")
    print(table(read_results(arguments.output)))


def _settings(name: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """What decides on a row, but for code and machine."""
    corpora = {part: short_corpus(getattr(arguments, part)) for part in CORPORA}
    return {**COMMON, **VARIANTS[name], **corpora, "minutes": arguments.minutes}


def _run(name: str, arguments: argparse.Namespace) -> None:
    """Runs a variant and writes its row."""
    from components.corpus.parameters import PrepareParameters
    from pipelines import prepare, train

    if name == UNBUCKETED:
        from components.training import reader

        reader._SORTED_BATCHES = 1
    corpora = {part: getattr(arguments, part) for part in CORPORA}
    values = {**COMMON, **VARIANTS[name], **corpora}
    data = Path(prepare.run(select(PrepareParameters, values)))
    # After preparing, which only the first variant of a dataset has to do.
    began = time.monotonic()
    plan = _plan(select(train.TrainParameters, values), data, began + 60 * arguments.minutes)
    # Forced, because a reused training would report the time of another.
    planned = {"epochs": plan.epochs, "max_minutes": plan.seconds / 60, "force": train.STEP}
    trained = train.run(select(train.TrainParameters, {**values, **planned}), data)
    scores = _scores(trained.model_uri, data)
    row = {
        "settings": _settings(name, arguments),
        **_recorded(name, trained.run_id, plan, scores),
        "scores": scores,
        "machine_minutes": round((time.monotonic() - began) / 60, 1),
    }
    document = read_results(arguments.output)
    document["machine"] = f"{len(os.sched_getaffinity(0))} cores, {platform.machine()}"
    rows = {**document["variants"], name: row}
    document["variants"] = {variant: rows[variant] for variant in VARIANTS if variant in rows}
    partial = arguments.output.with_suffix(".partial")
    partial.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.replace(arguments.output)


@dataclass(frozen=True)
class _Plan:
    """Epochs that fit into the seconds that are left; ``batches`` of an epoch, seconds that validating it takes."""

    epochs: int
    seconds: float
    batches: int
    validation_seconds: float


def _plan(parameters: Any, data: Path, until: float) -> _Plan:
    """Tries a variant to see how many epochs fit into the time until then, that of the trial included."""
    from components.model.parameters import ModelParameters
    from components.text.codec import TextCodec
    from components.training.fit import Training
    from components.training.history import Steps
    from components.training.parameters import TrainingParameters
    from components.training.reader import BatchReader
    from components.training.validation import Validation

    trial_seconds = _TRIAL_SHARE * (until - time.monotonic())
    manifest = Manifest.load(data)
    fitting = replace(select(TrainingParameters, vars(parameters)), epochs=1)
    batches = BatchReader(data, manifest, "train", fitting.batch_tokens).batches
    with tempfile.TemporaryDirectory(prefix="trial-") as folder:
        training = Training(data, Path(folder), select(ModelParameters, vars(parameters)), fitting)
        # The first event comes when all is traced and compiled.
        events = [(time.monotonic(), 0)]
        with closing(training.run()) as run:
            for event in run:
                if not isinstance(event, Steps):
                    break
                events.append((time.monotonic(), event.step))
                if len(events) > 2 and events[-1][0] - events[1][0] > trial_seconds:
                    break
        rates = [(later - now) / (step - before) for (now, before), (later, step) in itertools.pairwise(events)]
        # The median, because now and then something is compiled for a new shape.
        step_seconds = statistics.median(rates[1:] or rates)
        validation = Validation(training.model, TextCodec.load(data), data, manifest, fitting.batch_tokens)
        measured = [time.monotonic()]
        for _ in range(2):
            validation.measure()
            measured.append(time.monotonic())
    validation_seconds = measured[2] - measured[1]
    # What was traced here is traced once more.
    tracing = (events[1][0] - events[0][0]) + (measured[1] - measured[0] - validation_seconds)
    left = until - time.monotonic()
    epochs = max(1, int((left - tracing) / (batches * step_seconds + validation_seconds)))
    return _Plan(epochs, max(left, 1.0), batches, validation_seconds)


def _scores(model_uri: str, data: Path) -> dict[str, dict[str, dict[str, Any]]]:
    """Split → search → BLEU, the half of its 95 % interval and sacreBLEU's signature."""
    from components.serving.package import load_model
    from components.translation.stream import translate_stream

    translator = load_model(model_uri).translator
    manifest = Manifest.load(data)
    scores: dict[str, dict[str, dict[str, Any]]] = {}
    for split in ("validation", "test"):
        sources, references = zip(*read_heldout(data, manifest.heldout[split]), strict=True)
        for search, width in BEAMS.items():
            options = TranslationOptions(beam_width=width, split_sentences=False)
            texts = [found.text for found in translate_stream(translator, sources, options, len(sources))]
            score = bleu(texts, references)
            row = {"bleu": round(score.value, 2), "interval": round(score.interval, 2), "signature": score.signature}
            scores.setdefault(split, {})[search] = row
    return scores


def _recorded(name: str, run_id: str, plan: _Plan, scores: dict[str, dict[str, dict[str, Any]]]) -> dict[str, Any]:
    """Names the run in MLflow after the variant, gives it the scores, and returns what is known of its training."""
    import mlflow

    client = mlflow.MlflowClient()
    client.set_tag(run_id, "mlflow.runName", name)
    for split, searches in scores.items():
        for search, score in searches.items():
            client.log_metric(run_id, f"{split}_bleu_{search.replace(' ', '_')}", score["bleu"])
    minutes = client.get_metric_history(run_id, "train_minutes")
    (first, last) = minutes[0], minutes[-1]
    if len(minutes) > 1:
        # From the end of the first epoch on, so without what is traced and compiled.
        steps = last.step - first.step
        per_epoch = 60 * (last.value - first.value) / steps * plan.batches - plan.validation_seconds
    else:
        per_epoch = 60 * last.value / last.step * plan.batches
    return {
        "seconds_per_epoch": round(per_epoch, 1),
        "epochs": round(last.step / plan.batches, 1),
        "updates": last.step,
        "val_loss": round(client.get_metric_history(run_id, "val_loss")[-1].value, 3),
    }


if __name__ == "__main__":
    main(sys.argv[1:])
