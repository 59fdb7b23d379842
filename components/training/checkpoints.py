"""The checkpoint folder of a training run: the state to go on from, the best weights, and those to be averaged."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import tensorflow as tf
from filelock import FileLock, Timeout

from components.errors import BusyError, InputError
from components.training.history import HISTORY_FILE

LATEST, BEST, EPOCHS, OWNER_FILE = "latest", "best", "epochs", "training.key"


class Checkpoints:
    """All kinds of checkpoint. Each appears whole or not at all: the one before goes when the new one stands.

    Args:
        folder: of this training run.
        model: whose weights are kept.
        epochs: after how many epochs, the last ones, weights are kept to be averaged.
        optimizer: that training goes on with.
        counters: everything else that it goes on from.
    """

    def __init__(
        self,
        folder: Path,
        model: tf.keras.Model,
        epochs: int,
        optimizer: tf.keras.optimizers.legacy.Optimizer,
        **counters: tf.Variable,
    ):
        everything = tf.train.Checkpoint(model=model, optimizer=optimizer, **counters)
        self._latest = tf.train.CheckpointManager(everything, str(folder / LATEST), max_to_keep=1)
        weights = tf.train.Checkpoint(model=model)
        self._best = tf.train.CheckpointManager(weights, str(folder / BEST), max_to_keep=1)
        self._epochs = tf.train.CheckpointManager(weights, str(folder / EPOCHS), max_to_keep=epochs)
        self._folder = folder
        self._model = model
        self._optimizer = optimizer
        self._remove_unfinished()

    def resume(self) -> bool:
        """Restores the latest state; false if there is none."""
        path = self._latest.latest_checkpoint
        if path:
            self._latest.checkpoint.restore(path).assert_existing_objects_matched()
        return path is not None

    def save_latest(self) -> None:
        """Keeps the state as it is, for a process to go on from.

        Raises:
            InputError: if it cannot be written; what was kept before still is. So do the others that save.
        """
        self._save(self._latest, [*self._model.variables, *self._optimizer.weights])

    def save_best(self, step: int) -> None:
        """Keeps the weights as they are after ``step`` steps as the best so far."""
        self._save(self._best, self._model.variables, step)

    def restore_best(self) -> None:
        """Gives the model its best weights."""
        self._restore(self._best.latest_checkpoint)

    def save_epoch(self, step: int) -> None:
        """Keeps the weights as they are after ``step`` steps; what was kept for that step before is replaced."""
        self._save(self._epochs, self._model.variables, step)

    def restore_average(self) -> int:
        """Gives the model the mean of the weights that :meth:`save_epoch` kept; returns of how many that is."""
        kept = self._epochs.checkpoints
        sums = [np.zeros(variable.shape, np.float64) for variable in self._model.variables]
        for path in kept:
            self._restore(path)
            for total, variable in zip(sums, self._model.variables, strict=True):
                total += variable.numpy()
        for total, variable in zip(sums, self._model.variables, strict=True):
            variable.assign(total / len(kept))
        return len(kept)

    def _restore(self, path: str) -> None:
        self._best.checkpoint.restore(path).assert_existing_objects_matched()

    def _save(
        self, manager: tf.train.CheckpointManager, variables: list[tf.Variable], number: int | None = None
    ) -> None:
        try:
            manager.save(checkpoint_number=number)
        except (OSError, tf.errors.OpError) as error:
            self._remove_unfinished()
            needed = sum(variable.shape.num_elements() * variable.dtype.size for variable in variables)
            free = shutil.disk_usage(self._folder).free
            raise InputError(
                f"checkpoint_dir: {self._folder} cannot take a checkpoint of {needed / 1e6:,.1f} MB"
                f" ({_reason(error)}; {free / 1e6:,.1f} MB are free); what was saved before is kept: make room, and the"
                " same command goes on from there"
            ) from error

    def _remove_unfinished(self) -> None:
        """What was being written when the process was killed or the disk was full."""
        for unfinished in self._folder.glob("*/*_temp"):
            shutil.rmtree(unfinished, ignore_errors=True)


def _reason(error: OSError | tf.errors.OpError) -> str:
    """``No space left on device``, of a message that names TensorFlow's operation and file before it."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(error.message).rpartition("; ")[2].partition(" [Op:")[0]


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds the folder for this process, so that two runs do not write the same checkpoints; makes it if need be.

    Raises:
        BusyError: if another process holds it.
        InputError: if it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / "lock")
        lock.acquire(timeout=0)
    except Timeout:
        raise BusyError(f"checkpoint_dir: {folder} is in use by another training run") from None
    except OSError as error:
        raise _not_written(folder, error) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def claimed(folder: Path, key: str) -> Iterator[None]:
    """The same, for the checkpoints of one training and no other; ``key`` names it.

    Raises:
        InputError: as :func:`locked`, or if the folder holds another training's checkpoints.
    """
    with locked(folder):
        owner = folder / OWNER_FILE
        if owner.exists() and owner.read_text() != key:
            raise InputError(
                f"checkpoint_dir: {folder} holds another training (other dataset, parameters or code); name another"
                " folder, or force=train to begin anew in it"
            )
        _write_owner(owner, key)
        yield


def _write_owner(owner: Path, key: str) -> None:
    """Whole or not at all: half a key would be another training's."""
    partial = owner.with_suffix(".partial")
    try:
        partial.write_text(key)
        partial.replace(owner)
    except OSError as error:
        raise _not_written(owner.parent, error) from None


def _not_written(folder: Path, error: OSError) -> InputError:
    return InputError(f"checkpoint_dir: {folder} cannot be written: {error.strerror}")


def forget(folder: Path) -> None:
    """Deletes the checkpoints in the folder, whatever training they are of.

    Raises:
        InputError: as :func:`locked`.
    """
    with locked(folder):
        for kept in (LATEST, BEST, EPOCHS):
            shutil.rmtree(folder / kept, ignore_errors=True)
        for file in (HISTORY_FILE, OWNER_FILE):
            (folder / file).unlink(missing_ok=True)
