"""The entry ``train``: a prepared dataset → a trained, exported and logged model."""

import dataclasses
import hashlib
import json
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from components.bar import bar
from components.code import code_digest
from components.dataset.heldout import read_heldout
from components.dataset.manifest import Manifest
from components.errors import InputError, retry_while_busy
from components.model.parameters import ModelParameters
from components.parameters import base_model_parameter, force_parameter, forced_steps, parameter, select
from components.serving.package import URI_SCHEMES
from components.text.codec import TextCodec
from components.tracking import StepRun, check_tracking, step_run
from components.tracking.cache import FinishedStep, find_finished, mark_reused, remember, step_key
from components.tracking.registry import inventory
from components.training.history import Average, Epoch, Progress
from components.training.parameters import TrainingParameters
from pipelines import cli
from pipelines.base import Base, with_base
from pipelines.local_dataset import local_dataset

if TYPE_CHECKING:
    from components.training.fit import Training

STEP = "train"
ABOUT = "Trains a model on a prepared dataset, exports it and logs it to MLflow."
_TRAINED = (
    "loss {loss:.3f}, {target_tokens_per_second:,.0f} target tokens/s{budget}, learning rate {learning_rate:.1e},"
    " gradient norm {gradient_norm:.2f}, padding {padding_share:.1%}, waited {seconds_waiting_for_data:.1f} s for data"
)
# Texts that a package's statistics are made from; a few thousand say as much as all.
_DESCRIBED = 5000
_VALIDATED = "validation loss {val_loss:.3f}, perplexity {val_perplexity:.2f}, BLEU {val_bleu:.1f}"


@dataclass(frozen=True)
class TrainParameters(ModelParameters, TrainingParameters):
    """All parameters of ``train``; those declared here, but for ``base_model``, do not change the weights."""

    base_model: str = base_model_parameter()
    data_dir: str = parameter("", "folder of a prepared dataset, as `prepare` prints it; `train` cannot do without")
    checkpoint_dir: str = parameter(
        "", "folder of the checkpoints; not set: checkpoints/KEY, KEY from dataset and parameters"
    )
    force: str = force_parameter()


@dataclass(frozen=True)
class TrainedModel:
    """The logged model and the run that trained it."""

    model_uri: str
    run_id: str


def main(argv: list[str]) -> None:
    """Parses the command line and trains."""
    given = cli.parse(argv, STEP, ABOUT, [TrainParameters])
    if not given["data_dir"]:
        raise InputError("data_dir: not set, must be the folder of a prepared dataset (`-e prepare` makes one)")
    check_tracking()
    values, base = with_base(given)
    model = run(select(TrainParameters, values), local_dataset(values["data_dir"]), base)
    print(f"Model {model.model_uri}")


def run(parameters: TrainParameters, data_dir: Path, base: Base | None = None) -> TrainedModel:
    """Trains, or resumes where an earlier run of the same training was stopped; exports and logs the best weights.

    A model of the same dataset, parameters and code is reused. Of two processes with the same training one waits for
    the other.

    Args:
        parameters: of the model and its training.
        data_dir: the prepared dataset.
        base: the model that ``parameters.base_model`` names, if it is opened already.

    Raises:
        InputError: if there is no dataset, or if the parameters cannot work with it or with one another.
    """
    manifest = Manifest.load(data_dir)
    base = base or Base.open(parameters.base_model)
    if base:
        base.check_codec(TextCodec.load(data_dir), str(data_dir))
    weights_key = checkpoint_key(parameters, manifest, base)
    checkpoint_dir = Path(parameters.checkpoint_dir or Path("checkpoints", weights_key))
    effective = dataclasses.replace(parameters, data_dir=str(data_dir), checkpoint_dir=str(checkpoint_dir))
    forced = STEP in forced_steps(parameters.force)
    key = training_key(parameters, data_dir, manifest, base)

    @contextmanager
    def opened() -> Iterator[StepRun]:
        with step_run(STEP, effective, name=f"{STEP} {_shape(parameters)}") as step:
            step.log_dataset(data_dir, manifest, context="training")
            if base:
                step.log_base(base.found.model_id if base.found.uri.startswith(URI_SCHEMES) else "", base.lineage)
            yield step

    if not forced and (earlier := _find_trained(key)):
        with opened() as step:
            return _reuse(earlier, step)
    from components.training.checkpoints import (
        claimed,
        delete_checkpoints,
    )  # TensorFlow, which takes seconds to import.

    def train_alone() -> TrainedModel:
        with claimed(checkpoint_dir, weights_key), opened() as step:
            # The process that held the lock may have trained it.
            if not forced and (earlier := _find_trained(key)):
                return _reuse(earlier, step)
            model = TrainedModel(_train(effective, data_dir, manifest, base, step), step.run_id)
            remember(step, key, {"model_uri": model.model_uri, "inventory": inventory(model.model_uri)})
            return model

    if forced:
        retry_while_busy(lambda: delete_checkpoints(checkpoint_dir))
    return retry_while_busy(train_alone)


def _shape(parameters: TrainParameters) -> str:
    """The model in a few words."""
    layers = f"{parameters.layers} × " if parameters.layers > 1 else ""
    return f"{layers}{parameters.units} {'plain' if parameters.attention == 'none' else parameters.attention}"


def _find_trained(key: str) -> FinishedStep | None:
    """An earlier run with this key whose model is still there and whole."""
    for earlier in find_finished(STEP, key):
        model_uri = earlier.outputs.get("model_uri", "")
        if model_uri and (files := inventory(model_uri)) and files == earlier.outputs.get("inventory"):
            return earlier
    return None


def _reuse(earlier: FinishedStep, step: StepRun) -> TrainedModel:
    print(f"{STEP}: run {earlier.run_id} trained this model already, and is reused")
    mark_reused(step, earlier)
    return TrainedModel(earlier.outputs["model_uri"], earlier.run_id)


def training_key(parameters: TrainParameters, data_dir: Path, manifest: Manifest, base: Base | None = None) -> str:
    """Names the packaged model: the same for the same weights, text codec and settings."""
    outside = ("base_model", "data_dir", "checkpoint_dir", "force")
    decisive = {name: value for name, value in vars(parameters).items() if name not in outside}
    inputs = {
        "weights": checkpoint_key(parameters, manifest, base),
        "codec": _codec_digest(data_dir),
    }
    return step_key(STEP, "pipelines.train", inputs, decisive)


def _codec_digest(data_dir: Path) -> str:
    codec = hashlib.sha256()
    for path in sorted(path for path in data_dir.rglob("*") if path.is_file()):
        name = path.relative_to(data_dir)
        if name.parts[0] == "tokenizer" or name.name.startswith("vocabulary."):
            codec.update(str(name).encode() + b"\0" + path.read_bytes() + b"\0")
    return codec.hexdigest()


def checkpoint_key(parameters: TrainParameters, manifest: Manifest, base: Base | None = None) -> str:
    """Names the training: the same for the same dataset, base, code, and values of all that decides the weights.

    The fingerprint covers neither buckets nor files, which decide on batches and their order.
    """
    validation = manifest.heldout.get("validation")
    layout = [
        (split, bucket.low, bucket.high, bucket.records, sorted(bucket.files))
        for split in ("train", "validation")
        for bucket in manifest.splits.get(split, ())
    ]
    decisive = {
        **dataclasses.asdict(select(ModelParameters, vars(parameters))),
        **dataclasses.asdict(select(TrainingParameters, vars(parameters))),
        "base": base.digest if base else "",
        "fingerprint": manifest.fingerprint,
        "layout": layout,
        # The sentences that the best weights are chosen on, and where they are cut.
        "validation": validation.digest if validation else "",
        "max_length": manifest.max_length,
        "code": code_digest("components.training.fit"),
    }
    del decisive["max_minutes"]  # With more of them, or without, the same training goes on.
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:16]


def _train(parameters: TrainParameters, data_dir: Path, manifest: Manifest, base: Base | None, step: StepRun) -> str:
    """Fits and exports; returns the logged model's URI."""
    from components.model.export import export_model
    from components.serving.package import SEARCH_METADATA, TRAINING_METADATA, log_translator, text_statistics
    from components.serving.translator import Translator, TranslatorSettings, load_exported
    from components.training.base import BaseModel
    from components.training.calibration import LEAST, calibrate
    from components.training.fit import Training

    training = Training(
        data_dir,
        Path(parameters.checkpoint_dir),
        select(ModelParameters, vars(parameters)),
        select(TrainingParameters, vars(parameters)),
        BaseModel(base.codec, base.exported.weights()) if base else None,
    )
    if parameters.num_sampled and not training.model.num_sampled:
        print(
            f"Training uses the full softmax: with a target vocabulary of {training.model.sizes[1]:,} tokens,"
            f" {parameters.num_sampled:,} candidates (num_sampled) would save nothing"
        )
    if base:
        print(f"{STEP}: begins from {base.found.uri}")
    if training.resumed:
        print(f"Going on from step {training.step} of {parameters.checkpoint_dir}")
    # The run of this process shows the whole curve, also of the steps that earlier ones trained.
    for event in training.history:
        _record(event, step)
    # Closing saves the state: when interrupted, while the folder is still locked.
    with closing(training.run()) as progress:
        _show_and_record(progress, training, step)
    step.flush()  # Logging the model does not wait for a server that is away.
    with tempfile.TemporaryDirectory(prefix="export-") as folder:
        export_model(training.model, Path(folder, "model"))
        size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file()) / 1e6
        print(f"{STEP}: the model takes {size:,.1f} MB, with weights to go on training from")
        step.log_metrics({"model_megabytes": size})
        codec = TextCodec.load(data_dir)
        settings = TranslatorSettings(
            manifest.max_length, has_attention=parameters.attention != "none", batch_invariant=True, scores=True
        )
        validation = manifest.heldout.get("validation")
        pairs = read_heldout(data_dir, validation) if validation else []
        translator = Translator.of(load_exported(Path(folder, "model")), codec, settings)
        settings = dataclasses.replace(settings, confidence=calibrate(translator, pairs))
        if not settings.confidence:
            print(f"{STEP}: the model gives no confidence: to learn it takes {LEAST} sentences of validation")
        lengths = manifest.statistics["lengths"]["train"]["source"]
        texts = [source for source, _ in pairs[:_DESCRIBED]]
        metadata = {
            SEARCH_METADATA: _search_digest(parameters),
            TRAINING_METADATA: text_statistics(codec, lengths, texts),
        }
        tags = base.lineage if base else None
        return log_translator(Path(folder, "model"), data_dir, settings, metadata=metadata, tags=tags).model_uri


def _search_digest(parameters: TrainParameters) -> str:
    """Digest of what decides on the exported graph, besides the weights: its code, the model, the precision."""
    model = dataclasses.asdict(select(ModelParameters, vars(parameters)))
    decisive = {**model, "precision": parameters.precision, "code": code_digest("components.model.export")}
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()


def _show_and_record(progress: Iterable[Progress], training: "Training", step: StepRun) -> None:
    """One line with a progress bar on the console, curves in MLflow."""
    done, began = training.step, time.monotonic() - training.seconds
    with bar(STEP, training.total_steps, "steps", done) as update:
        for event in progress:
            _record(event, step)
            if isinstance(event, Average):
                kept = "better than the best epoch, and kept" if event.best else "not better than the best epoch"
                tqdm.write(f"average of the last {event.epochs} epochs: {_VALIDATED.format(**event.metrics)} ({kept})")
            elif isinstance(event, Epoch):
                shown = _VALIDATED.format(**event.metrics)
                tqdm.write(f"epoch {event.epoch}: {shown}{' (best so far)' if event.best else ''}")
                tqdm.write(f"    {event.examples[0].source}  →  {event.examples[0].translation}")
            else:
                limit, minutes = training.parameters.max_minutes, (time.monotonic() - began) / 60
                budget = f", {minutes:.1f} of {limit:g} min" if limit else ""
                note = _TRAINED.format(loss=event.loss, budget=budget, **event.metrics)
                update(event.step - done, note, event.total_steps)
                done = event.step


def _record(event: Progress, step: StepRun) -> None:
    prefix = "averaged_" if isinstance(event, Average) else ""
    step.log_metrics({f"{prefix}{name}": value for name, value in event.metrics.items()}, step=event.step)
    if isinstance(event, Epoch):
        columns = ("source", "reference", "translation")
        table = {column: [getattr(example, column) for example in event.examples] for column in columns}
        step.log_table(table, f"examples/epoch-{event.epoch:03d}.json")


if __name__ == "__main__":
    cli.run(main)
