"""What each decision about the model is worth: BLEU and seconds an epoch, with one thing changed at a time.

Usage: python -m benchmarks.ablations --corpus 'train.{en,fr}' --validation_corpus 'val.{en,fr}'
           --test_corpus 'test.{en,fr}' [--minutes 5] [--only NAME,…] [--force] [--output benchmarks/ablations.json]

Every variant has the same minutes to train in, and its learning rate falls to its end whatever a step costs. Each is
prepared and trained by the project's own entry points, in the MLflow experiment ``ablations``, and scored on
validation and test sentences as they were given, greedily and with a beam of 5 (cased detokenized sacreBLEU), and
greedily in the forms that people type (the mean over ``components.evaluation.robustness.FORMS``). The output holds a
row a variant. One that is there with the same settings is not run again: what was interrupted goes on by the same
command. ``python -m benchmarks.ablation_table`` puts the table into docs/reference/results.md.
"""

import argparse
import itertools
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.ablation_table import RESULTS, read_results, table
from components.dataset.heldout import read_heldout
from components.dataset.manifest import Manifest
from components.evaluation.robustness import measure_forms
from components.evaluation.scores import bleu
from components.parameters import select
from components.serving.options import TranslationOptions
from components.tracking.description import short_corpus

EXPERIMENT = "ablations"
COMMON: dict[str, Any] = {"batch_tokens": 2048, "dropout": 0.3, "patience": 0}
WORDS: dict[str, Any] = {"tokenizer": "word", "noise": 0.0}
# What is decided about the model, each against the first; and what is decided about the text, each against the first.
VARIANTS: dict[str, dict[str, Any]] = {
    "attention scaled_luong": {**WORDS, "attention": "scaled_luong"},
    "attention luong": {**WORDS, "attention": "luong"},
    "attention bahdanau": {**WORDS, "attention": "bahdanau"},
    "attention none": {**WORDS, "attention": "none"},
    "attention none without reversal": {**WORDS, "attention": "none", "reverse_source": False},
    "full softmax": {**WORDS, "attention": "scaled_luong", "num_sampled": 0},
    # One bucket for all lengths, and batches in which they stand as they come: of Multi30k 113 sentences in each, as
    # many as the buckets' batches have on average, for as many updates an epoch.
    "unbucketed": {**WORDS, "attention": "scaled_luong", "bucket_width": 50, "batch_tokens": 51 * 113},
    "byte pairs, noise 0.2": {"tokenizer": "sentencepiece-bpe", "noise": 0.2},
    "unigram pieces, noise 0.2": {"tokenizer": "sentencepiece", "noise": 0.2},
    "words, noise 0.2": {"tokenizer": "word", "noise": 0.2},
    "byte pairs, noise 0": {"tokenizer": "sentencepiece-bpe", "noise": 0.0},
    "byte pairs, noise 0.4": {"tokenizer": "sentencepiece-bpe", "noise": 0.4},
}
UNBUCKETED = "unbucketed"
CORPORA = {"corpus": "train", "validation_corpus": "validation", "test_corpus": "test"}
BEAMS = {"greedy": 1, "beam 5": 5}
# Epochs: more than fit into the minutes.
_MANY = 10_000


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
    from components.training.reader import BatchReader
    from pipelines import prepare, train

    if name == UNBUCKETED:
        from components.training import reader

        reader._SORTED_BATCHES = 1
    corpora = {part: getattr(arguments, part) for part in CORPORA}
    values = {**COMMON, **VARIANTS[name], **corpora}
    data = Path(prepare.run(select(PrepareParameters, values)))
    # After preparing, which only the first variant of a dataset has to do. Forced, because a reused training would
    # report the time of another.
    began = time.monotonic()
    planned = {"epochs": _MANY, "max_minutes": arguments.minutes, "force": train.STEP}
    parameters = select(train.TrainParameters, {**values, **planned})
    trained = train.run(parameters, data)
    manifest = Manifest.load(data)
    scores = _scores(trained.model_uri, data, manifest)
    row = {
        "settings": _settings(name, arguments),
        **_recorded(
            name, trained.run_id, BatchReader(data, manifest, "train", parameters.batch_tokens).batches, scores
        ),
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


def _scores(model_uri: str, data: Path, manifest: Manifest) -> dict[str, dict[str, dict[str, Any]]]:
    """Split → search → BLEU, the half of its 95 % interval and sacreBLEU's signature."""
    from components.serving.package import load_model
    from components.translation.stream import translate_stream

    translator = load_model(model_uri).translator
    scores: dict[str, dict[str, dict[str, Any]]] = {}
    for split in ("validation", "test"):
        sources, references = zip(*read_heldout(data, manifest.heldout[split]), strict=True)
        for search, width in BEAMS.items():
            options = TranslationOptions(beam_width=width, split_sentences=False)
            texts = [found.text for found in translate_stream(translator, sources, options, len(sources))]
            score = bleu(texts, references)
            row = {"bleu": round(score.value, 2), "interval": round(score.interval, 2), "signature": score.signature}
            scores.setdefault(split, {})[search] = row

        def translate(texts: Sequence[str]) -> list[str]:
            return [found.text for found in translate_stream(translator, texts, TranslationOptions(), len(texts))]

        forms = measure_forms(translate, sources, references)
        scores[split]["typed"] = {"bleu": round(statistics.mean(forms.values()), 2), "forms": forms}
    return scores


def _recorded(name: str, run_id: str, batches: int, scores: dict[str, dict[str, dict[str, Any]]]) -> dict[str, Any]:
    """Names the run in MLflow after the variant, gives it the scores, and returns what is known of its training."""
    import mlflow

    client = mlflow.MlflowClient()
    client.set_tag(run_id, "mlflow.runName", name)
    for split, searches in scores.items():
        for search, score in searches.items():
            client.log_metric(run_id, f"{split}_bleu_{search.replace(' ', '_')}", score["bleu"])
    reports = client.get_metric_history(run_id, "target_tokens_per_second")
    # The median, because now and then something is compiled for a new shape, and after an epoch is validated.
    milliseconds = statistics.median(
        (later.timestamp - now.timestamp) / (later.step - now.step) for now, later in itertools.pairwise(reports)
    )
    return {
        "seconds_per_epoch": round(milliseconds / 1000 * batches, 1),
        "epochs": round(reports[-1].step / batches, 1),
        "updates": reports[-1].step,
        "val_loss": round(client.get_metric_history(run_id, "val_loss")[-1].value, 3),
    }


if __name__ == "__main__":
    main(sys.argv[1:])
