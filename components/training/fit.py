"""The training component: fits the model to a prepared dataset, step by step, so that it can be stopped anywhere."""

import math
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from operator import mul
from pathlib import Path
from typing import NamedTuple

import tensorflow as tf

from components.dataset.manifest import Manifest
from components.dataset.warnings import too_few_records
from components.errors import InputError
from components.model.optimizer import WarmupCosine, clip_by_global_norm, make_optimizer
from components.model.parameters import ModelParameters
from components.model.seq2seq import Seq2Seq
from components.text.codec import VERSION, TextCodec
from components.text.noise import Noise
from components.training.base import BaseModel
from components.training.budget import BUDGET_FILE, Budget
from components.training.checkpoints import Checkpoints
from components.training.history import Average, Epoch, History, Progress, Steps
from components.training.parameters import TrainingParameters
from components.training.reader import BatchReader
from components.training.validation import Validation

# How often progress is reported, in steps, and how often the state is saved, in seconds. Neither touches the weights.
REPORTED_STEPS = 10
SAVED_SECONDS = 120
# What weights are compared by: more is better.
_MERIT: dict[str, Callable[[Mapping[str, float]], float]] = {
    "val_loss": lambda metrics: -metrics["val_loss"],
    "val_bleu": lambda metrics: metrics["val_bleu"],
}


class Update(NamedTuple):
    """What an update measured, float32 scalars.

    ``loss`` is the batch's mean in nats per target token, of which there are ``tokens``; ``gradient_norm`` is that
    before clipping; ``learning_rate`` is what the update was made with.
    """

    loss: tf.Tensor
    tokens: tf.Tensor
    gradient_norm: tf.Tensor
    learning_rate: tf.Tensor


def update(
    model: Seq2Seq,
    optimizer: tf.keras.optimizers.legacy.Optimizer,
    source: tf.Tensor,
    target: tf.Tensor,
    seed: int,
    step: tf.Tensor,
    clip_norm: float,
) -> Update:
    """One update of the model's weights.

    Args:
        model: to be trained.
        optimizer: with a schedule of learning rates.
        source, target: int32 ids, [batch, source time] and [batch, target time].
        seed, step: decide on candidates and dropout; ``step`` is an int64 scalar.
        clip_norm: see :func:`clip_by_global_norm`.
    """
    with tf.GradientTape() as tape:
        loss = model.training_loss(source, target, seed, step)
        mean = loss.total / loss.tokens
    variables = model.trainable_variables
    gradients, norm = clip_by_global_norm(tape.gradient(mean, variables), clip_norm)
    rate = optimizer.learning_rate(optimizer.iterations)
    optimizer.apply_gradients(zip(gradients, variables, strict=True))
    return Update(mean, loss.tokens, norm, rate)


class _Measured(NamedTuple):
    """A step's :class:`Update`, the target positions of its batch, and the seconds that it waited for the batch."""

    loss: float
    tokens: float
    norm: float
    rate: float
    positions: float
    waited: float


class Training:
    """One training run over a dataset; what it has done so far is in its checkpoint folder.

    Order, dropout and candidates are functions of (seed, step): a run that was killed and resumes from its last
    checkpoint ends with the weights of one that was not. With ``max_minutes`` the learning rate falls by the clock;
    steps that are trained again have the rates that they had.

    Args:
        data: folder of the prepared dataset.
        checkpoint_dir: folder of this run's checkpoints; the caller holds its lock.
        model_parameters: shape of the model.
        parameters: how it is fitted.
        base: the model that it begins from, of the same shape; the dataset's codec extends its codec.

    Raises:
        InputError: if the dataset lacks a split, or a parameter does not fit another.
    """

    def __init__(
        self,
        data: Path,
        checkpoint_dir: Path,
        model_parameters: ModelParameters,
        parameters: TrainingParameters,
        base: BaseModel | None = None,
    ):
        manifest = Manifest.load(data)
        for missing in too_few_records(manifest):
            raise InputError(f"data_dir: {data} has {missing}")
        self.parameters = parameters
        # Keras draws initial weights, and tf.data shuffles, from these.
        tf.keras.utils.set_random_seed(parameters.seed)
        codec = TextCodec.load(data)
        sizes = len(codec.source_vocabulary), len(codec.target_vocabulary)
        self.model = Seq2Seq(model_parameters, *sizes, parameters.precision)
        if base:
            base.give_weights(self.model, codec)
        if parameters.noise and codec.settings.version < VERSION:
            raise InputError(
                f"data_dir: {data} was prepared by an earlier version, which noise cannot rewrite: prepare it again, or"
                " set noise=0"
            )
        noise = Noise(codec, parameters.noise, parameters.seed) if parameters.noise else None
        self._reader = BatchReader(data, manifest, "train", parameters.batch_tokens, parameters.seed, noise)
        self.total_steps = parameters.epochs * self._reader.batches
        self._used = tf.Variable(0.0, trainable=False)  # Of the budget, for the learning rate.
        self._optimizer = make_optimizer(
            WarmupCosine(parameters.learning_rate, parameters.warmup_steps, self.total_steps, used=self._used)
        )
        self._optimizer._create_all_weights(self.model.trainable_variables)  # A checkpoint restores what exists.
        self._validation = Validation(self.model, codec, data, manifest, parameters.batch_tokens)

        self._step = tf.Variable(0, dtype=tf.int64)
        self._seconds = tf.Variable(0.0, dtype=tf.float64)
        self._best_merit = tf.Variable(-math.inf, dtype=tf.float64)
        self._epochs_since_best = tf.Variable(0)
        self._validated_step = tf.Variable(0, dtype=tf.int64)
        self._checkpoints = Checkpoints(
            checkpoint_dir,
            self.model,
            parameters.averaged_epochs,
            optimizer=self._optimizer,
            step=self._step,
            seconds=self._seconds,
            best_merit=self._best_merit,
            epochs_since_best=self._epochs_since_best,
            validated_step=self._validated_step,
        )
        self.resumed = self._checkpoints.resume()
        self._history = History(checkpoint_dir, self._is_saved)
        self._budget = Budget(checkpoint_dir, parameters.max_minutes)
        self._validation_seconds = 0.0  # What the last one took.

    @property
    def step(self) -> int:
        """Steps trained so far."""
        return int(self._step)

    @property
    def seconds(self) -> float:
        """Seconds of training and validation until the last save, over all the processes that took part."""
        return float(self._seconds)

    @property
    def history(self) -> list[Steps | Epoch]:
        """What earlier processes reported of the steps that this one resumes from."""
        return self._history.events

    def _is_saved(self, event: Steps | Epoch) -> bool:
        # The state may be that of an epoch's last step, and its validation still to come.
        done = isinstance(event, Steps) or self._is_validated()
        return event.step < self.step or (event.step == self.step and done)

    def run(self) -> Generator[Progress, None, None]:
        """Trains to the end and reports progress; then the model has its best weights, or the average of the last.

        It ends after ``epochs``, when ``patience`` is at its end, or when ``max_minutes`` are over, the last validation
        among them; with more of them it resumes from there. Interrupting it, or closing the generator, saves the state
        first.

        Raises:
            InputError: if the loss or its gradient is no longer a number, or if the state cannot be saved: what could
                not be resumed is not trained.
        """
        # As if all earlier processes and this one were one, without the pauses.
        self._began = time.monotonic() - self.seconds
        while not (self._finished() or (self._is_validated() and self._look_at_clock() >= 1)):
            if self.step == 0 or self.step % self._reader.batches or self._is_validated():
                yield from self._rest_of_epoch()
            epoch = self._validate()
            self._history.add(epoch)
            self._checkpoints.save_latest()
            yield epoch
        if self.parameters.averaged_epochs > 1:
            yield self._average()
        else:
            self._checkpoints.restore_best()

    def _rest_of_epoch(self) -> Iterator[Steps]:
        """Trains from the current position in the epoch to its end, or until time is up, and saves the state."""
        epoch, position = divmod(self.step, self._reader.batches)
        batches = iter(self._reader.shuffled(epoch, skip=position))
        measured: list[_Measured] = []
        self._reported = saved = requested = time.monotonic()
        try:
            for source, target in batches:
                waited = time.monotonic() - requested
                # The first step is trained in any case.
                if self.step and self._look_at_clock() >= 1:
                    break
                self._used.assign(self._budget.used(self.step))
                loss, tokens, norm, rate = map(float, self._train_step(source, target))
                self._refuse_divergence(loss, norm)
                # SOS is given, not predicted.
                positions = float(tf.size(target) - tf.shape(target)[0])
                measured.append(_Measured(loss, tokens, norm, rate, positions, waited))
                if len(measured) == REPORTED_STEPS:
                    yield self._report(measured)
                if time.monotonic() - saved > SAVED_SECONDS:
                    self._save()
                    saved = time.monotonic()
                requested = time.monotonic()
            if measured:
                yield self._report(measured)
            self._save()
        except (KeyboardInterrupt, GeneratorExit):
            if measured:
                self._report(measured)
            self._save()
            raise

    def _report(self, measured: "list[_Measured]") -> Steps:
        """Adds what the last steps measured to the history, and empties the list."""
        losses, tokens, norms, rates, positions, waits = zip(*measured, strict=True)
        began, self._reported = self._reported, time.monotonic()
        loss = sum(map(mul, losses, tokens)) / sum(tokens)
        metrics = {
            # Named apart because it reads lower than the loss by full softmax.
            "train_sampled_loss" if self.model.num_sampled else "train_loss": loss,
            "learning_rate": rates[-1],
            "gradient_norm": sum(norms) / len(norms),
            "target_tokens_per_second": sum(tokens) / (self._reported - began),
            "padding_share": 1 - sum(tokens) / sum(positions),
            "seconds_waiting_for_data": sum(waits),
        }
        measured.clear()  # Before it is written: an interrupt must not report it twice.
        share = max(self._budget.used(self.step), self.step / self.total_steps)
        steps = Steps(self.step, round(self.step / share), metrics)
        self._history.add(steps)
        return steps

    def _save(self) -> None:
        self._seconds.assign(time.monotonic() - self._began)
        self._checkpoints.save_latest()

    def _validate(self) -> Epoch:
        """Measures the model as it is, and keeps its weights if they are the best so far."""
        began = time.monotonic()
        metrics, examples = self._validation.measure()
        self._validation_seconds = time.monotonic() - began
        self._refuse_divergence(metrics["val_loss"], 0.0)
        merit = _MERIT[self.parameters.best_by](metrics)
        best = merit > float(self._best_merit)
        if best:
            self._checkpoints.save_best(self.step)
            self._best_merit.assign(merit)
        if self.parameters.averaged_epochs > 1:
            self._checkpoints.save_epoch(self.step)
        self._epochs_since_best.assign(0 if best else int(self._epochs_since_best) + 1)
        self._validated_step.assign(self._step)
        self._seconds.assign(time.monotonic() - self._began)
        epoch = -(-self.step // self._reader.batches)
        return Epoch(epoch, self.step, {**metrics, "train_minutes": self.seconds / 60}, examples, best)

    def _average(self) -> Average:
        """Gives the model the mean of its weights after the last epochs if that is better, else the best of them."""
        epochs = self._checkpoints.restore_average()
        metrics, _ = self._validation.measure()
        best = _MERIT[self.parameters.best_by](metrics) > float(self._best_merit)
        if not best:
            self._checkpoints.restore_best()
        return Average(epochs, self.step, metrics, best)

    def _refuse_divergence(self, loss: float, norm: float) -> None:
        if not (math.isfinite(loss) and math.isfinite(norm)):
            raise InputError(
                f"learning_rate: with {self.parameters.learning_rate} training diverged at step {self.step}"
                f" (loss {loss}, gradient norm {norm}); try a lower one, a longer warmup_steps or a smaller clip_norm"
            )

    def _is_validated(self) -> bool:
        return self.step > 0 and int(self._validated_step) == self.step

    def _finished(self) -> bool:
        out_of_patience = 0 < self.parameters.patience <= int(self._epochs_since_best)
        return self._is_validated() and (out_of_patience or self.step >= self.total_steps)

    def _look_at_clock(self) -> float:
        """The share of the budget that is used; of its rest, what is left to validate is not for training."""
        validations = 2 if self.parameters.averaged_epochs > 1 else 1
        try:
            return self._budget.look(self.step, time.monotonic() - self._began, validations * self._validation_seconds)
        except OSError as error:
            raise InputError(f"checkpoint_dir: {BUDGET_FILE} cannot be written: {error.strerror}") from None

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None], tf.int32, "source"),
            tf.TensorSpec([None, None], tf.int32, "target"),
        ]
    )
    def _train_step(self, source: tf.Tensor, target: tf.Tensor) -> Update:
        # The step counts itself: whenever Python is interrupted, weights and counter are of the same step.
        step = self._step.read_value()
        seed, clip_norm = self.parameters.seed, self.parameters.clip_norm
        updated = update(self.model, self._optimizer, source, target, seed, step, clip_norm)
        self._step.assign_add(1)
        return updated
