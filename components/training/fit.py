"""The training component: fits the model to a prepared dataset, step by step, so that it can be stopped anywhere."""

import math
import time
from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf

from components.dataset.manifest import Manifest
from components.errors import InputError
from components.model.optimizer import WarmupCosine, clip_by_global_norm, make_optimizer
from components.model.parameters import ModelParameters
from components.model.seq2seq import Seq2Seq
from components.text.codec import TextCodec
from components.training.checkpoints import Checkpoints
from components.training.parameters import TrainingParameters
from components.training.progress import Epoch, Progress, Steps
from components.training.reader import BatchReader
from components.training.validation import Validation

# How often progress is told, in steps, and how often the state is saved, in seconds. Neither touches the weights.
REPORTED_STEPS = 10
SAVED_SECONDS = 120


class Training:
    """One training run over a dataset; what it has done so far is in its checkpoint folder.

    Order, dropout and candidates are functions of (seed, step): a run that was killed and goes on from its last
    checkpoint ends with the weights of one that was not.

    Args:
        data: folder of the prepared dataset.
        checkpoint_dir: folder of this run's checkpoints; the caller holds its lock.
        model_parameters: shape of the model.
        parameters: how it is fitted.

    Raises:
        InputError: if the dataset lacks a split, or a parameter does not fit another.
    """

    def __init__(
        self, data: Path, checkpoint_dir: Path, model_parameters: ModelParameters, parameters: TrainingParameters
    ):
        manifest = Manifest.load(data)
        for split in ("train", "validation"):
            if not manifest.splits.get(split) or not manifest.records(split):
                raise InputError(
                    f"data_dir: the {split} split of {data} is empty; raise `{split}_share` or give a corpus"
                )
        self.parameters = parameters
        # Keras draws initial weights, and tf.data shuffles, from these.
        tf.keras.utils.set_random_seed(parameters.seed)
        codec = TextCodec.load(data)
        sizes = len(codec.source_vocabulary), len(codec.target_vocabulary)
        self.model = Seq2Seq(model_parameters, *sizes, parameters.precision)
        self._reader = BatchReader(data, manifest, "train", parameters.batch_tokens, parameters.seed)
        self.total_steps = parameters.epochs * self._reader.batches
        self._optimizer = make_optimizer(
            WarmupCosine(parameters.learning_rate, parameters.warmup_steps, self.total_steps)
        )
        self._optimizer._create_all_weights(self.model.trainable_variables)  # So that they are there to be restored.
        self._validation = Validation(self.model, codec, data, manifest, parameters.batch_tokens)

        self._step = tf.Variable(0, dtype=tf.int64)
        self._seconds = tf.Variable(0.0, dtype=tf.float64)
        self._best_loss = tf.Variable(math.inf, dtype=tf.float64)
        self._epochs_since_best = tf.Variable(0)
        self._finished = tf.Variable(False)
        self._checkpoints = Checkpoints(
            checkpoint_dir,
            self.model,
            optimizer=self._optimizer,
            step=self._step,
            seconds=self._seconds,
            best_loss=self._best_loss,
            epochs_since_best=self._epochs_since_best,
            finished=self._finished,
        )
        self.resumed = self._checkpoints.resume()

    @property
    def step(self) -> int:
        """Steps trained so far."""
        return int(self._step)

    @property
    def seconds(self) -> float:
        """Seconds of training and validation so far, over all the processes that had a part in it."""
        return float(self._seconds)

    def run(self) -> Iterator[Progress]:
        """Trains to the end, telling how it goes; then the model has its best weights.

        It ends after ``epochs``, when ``patience`` is at its end, or when ``max_minutes`` are over. If it is
        interrupted, or nobody listens any longer, the state is saved.
        """
        clock = _Clock(self._seconds)
        try:
            while not self._finished:
                yield from self._rest_of_epoch(clock)
                yield self._end_of_part(clock)
                self._checkpoints.save_latest()
        except (KeyboardInterrupt, GeneratorExit):
            # Between the update of the weights and that of the counter the state is no one step's.
            if int(self._optimizer.iterations) == self.step:
                clock.tick()
                self._checkpoints.save_latest()
            raise
        self._checkpoints.restore_best()

    def _rest_of_epoch(self, clock: "_Clock") -> Iterator[Steps]:
        """Trains from where the epoch stands to its end, or until time is up."""
        epoch, position = divmod(self.step, self._reader.batches)
        batches = iter(self._reader.shuffled(epoch, skip=position))
        reported = _Means()
        saved = time.monotonic()
        while not self._out_of_time(clock):
            began = time.monotonic()
            batch = next(batches, None)
            if batch is None:
                break
            waited = time.monotonic() - began
            loss, tokens, norm, rate = self._train_step(*batch, self._step)
            reported.add(
                loss=float(loss),
                tokens=float(tokens),
                norm=float(norm),
                positions=float(tf.size(batch[1]) - tf.shape(batch[1])[0]),
                rate=float(rate),
                waited=waited,
            )
            self._step.assign_add(1)
            if reported.steps == REPORTED_STEPS:
                yield Steps(self.step, self.total_steps, reported.metrics(self.model.num_sampled))
                reported = _Means()
            if time.monotonic() - saved > SAVED_SECONDS:
                clock.tick()
                self._checkpoints.save_latest()
                saved = time.monotonic()
        if reported.steps:
            yield Steps(self.step, self.total_steps, reported.metrics(self.model.num_sampled))

    def _end_of_part(self, clock: "_Clock") -> Epoch:
        """Validates, keeps the weights if they are the best so far, and decides whether to go on."""
        metrics, examples = self._validation.measure()
        best = metrics["val_loss"] < float(self._best_loss)
        if best:
            self._best_loss.assign(metrics["val_loss"])
            self._epochs_since_best.assign(0)
            self._checkpoints.save_best()
        else:
            self._epochs_since_best.assign_add(1)
        if not math.isfinite(float(self._best_loss)):
            raise InputError(
                f"learning_rate: training diverged in its first epoch (validation loss {metrics['val_loss']}) with"
                f" {self.parameters.learning_rate}; a lower one, or a smaller clip_norm, would be valid"
            )
        out_of_patience = 0 < self.parameters.patience <= int(self._epochs_since_best)
        self._finished.assign(out_of_patience or self.step >= self.total_steps or self._out_of_time(clock))
        clock.tick()
        epoch = -(-self.step // self._reader.batches)
        return Epoch(epoch, self.step, {**metrics, "train_minutes": self.seconds / 60}, examples, best)

    def _out_of_time(self, clock: "_Clock") -> bool:
        return 0 < self.parameters.max_minutes * 60 <= clock.seconds()

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None], tf.int32, "source"),
            tf.TensorSpec([None, None], tf.int32, "target"),
            tf.TensorSpec([], tf.int64, "step"),
        ]
    )
    def _train_step(self, source: tf.Tensor, target: tf.Tensor, step: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """One update; returns the batch's loss per token, its tokens, the gradients' norm and the learning rate."""
        with tf.GradientTape() as tape:
            loss = self.model.training_loss(source, target, self.parameters.seed, step)
            mean = loss.total / loss.tokens
        variables = self.model.trainable_variables
        gradients, norm = clip_by_global_norm(tape.gradient(mean, variables), self.parameters.clip_norm)
        rate = self._optimizer.learning_rate(self._optimizer.iterations)
        self._optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return mean, loss.tokens, norm, rate


class _Clock:
    """Seconds of training: those of earlier processes, from the checkpoint, and those of this one."""

    def __init__(self, recorded: tf.Variable):
        self._recorded = recorded
        self._began = time.monotonic() - float(recorded)

    def seconds(self) -> float:
        return time.monotonic() - self._began

    def tick(self) -> None:
        """Writes the time into the variable that checkpoints hold."""
        self._recorded.assign(self.seconds())


class _Means:
    """Adds up what a few steps measured."""

    def __init__(self) -> None:
        self.steps = 0
        self._began = time.monotonic()
        self._sums: dict[str, float] = {}
        self._rate = 0.0

    def add(self, loss: float, tokens: float, norm: float, positions: float, rate: float, waited: float) -> None:
        """One step: loss per token, target tokens and positions, gradient norm, learning rate, seconds of waiting."""
        self.steps += 1
        self._rate = rate
        parts = {"loss": loss * tokens, "tokens": tokens, "norm": norm, "positions": positions, "waited": waited}
        self._sums = {name: self._sums.get(name, 0.0) + part for name, part in parts.items()}

    def metrics(self, num_sampled: int) -> dict[str, float]:
        """The metrics by the names that they are recorded under."""
        sums, seconds = self._sums, time.monotonic() - self._began
        return {
            # Named apart because it reads lower than the loss by full softmax.
            "train_sampled_loss" if num_sampled else "train_loss": sums["loss"] / sums["tokens"],
            "learning_rate": self._rate,
            "gradient_norm": sums["norm"] / self.steps,
            "target_tokens_per_second": sums["tokens"] / seconds,
            "padding_share": 1 - sums["tokens"] / sums["positions"],
            "seconds_waiting_for_data": sums["waited"],
        }
