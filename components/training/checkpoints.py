"""The checkpoint folder of a training run: the state to resume from, the best weights, and those to be averaged."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import tensorflow as tf
from filelock import FileLock, Timeout

from components.errors import BusyError, InputError
from components.training.budget import BUDGET_FILE
from components.training.history import HISTORY_FILE

LATEST, BEST, EPOCHS, OWNER_FILE = "latest", "best", "epochs", "training.key"


class Checkpoints:
    """All kinds of checkpoint. Each appears whole or not at all: the old one is deleted once the new one is complete.

    Args:
        folder: of this training run.
        model: whose weights are kept.
        epochs: how many of the last epochs' weights are kept to be averaged.
        optimizer: its state is saved with the latest weights.
        counters: all other state of the training.
    """

    def __init__(
        self,
        folder: Path,
        model: tf.keras.Model,
        epochs: int,
        optimizer: tf.keras.optimizers.legacy.Optimizer,
        **counters: tf.Variable,
    ):
        state = tf.train.Checkpoint(model=model, optimizer=optimizer, **counters)
        self._latest = tf.train.CheckpointManager(state, str(folder / LATEST), max_to_keep=1)
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
        """Saves the state to resume from.

        Raises:
            InputError: if it cannot be written; the checkpoint before is kept. So do the other methods that save.
        """
        self._save(self._latest, [*self._model.variables, *self._optimizer.weights])

    def save_best(self, step: int) -> None:
        """Saves the weights after ``step`` steps as the best so far."""
        self._save(self._best, self._model.variables, step)

    def restore_best(self) -> None:
        """Gives the model its best weights."""
        self._restore(self._best.latest_checkpoint)

    def save_epoch(self, step: int) -> None:
        """Saves the weights after ``step`` steps, for the average; those saved for that step before are replaced."""
        self._save(self._epochs, self._model.variables, step)

    def restore_average(self) -> int:
        """Gives the model the mean of the weights that :meth:`save_epoch` saved; returns how many epochs that is."""
        paths = self._epochs.checkpoints
        sums = [np.zeros(variable.shape, np.float64) for variable in self._model.variables]
        for path in paths:
            self._restore(path)
            for total, variable in zip(sums, self._model.variables, strict=True):
                total += variable.numpy()
        for total, variable in zip(sums, self._model.variables, strict=True):
            variable.assign(total / len(paths))
        return len(paths)

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
        """Deletes what was being written when the process was killed or the disk was full."""
        for unfinished in self._folder.glob("*/*_temp"):
            shutil.rmtree(unfinished, ignore_errors=True)


def _reason(error: OSError | tf.errors.OpError) -> str:
    """``No space left on device``, from a message in which TensorFlow's operation and file come first."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(error.message).rpartition("; ")[2].partition(" [Op:")[0]


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Locks the folder, so that two runs do not write the same checkpoints; creates it if necessary.

    Raises:
        BusyError: if another process holds the lock.
        InputError: if it cannot be written.
    """
    lock = FileLock(folder / "lock")
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise BusyError(f"checkpoint_dir: {folder} is in use by another training run") from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def claimed(folder: Path, key: str) -> Iterator[None]:
    """Locks the folder for the checkpoints of the training named by ``key``, and of no other.

    Raises:
        InputError: as :func:`locked`, or if the folder holds another training's checkpoints.
    """
    with locked(folder):
        owner = folder / OWNER_FILE
        if owner.exists() and owner.read_text() != key:
            raise InputError(
                f"checkpoint_dir: {folder} holds another training (other dataset, parameters or code); name another"
                " folder, or force=train to start again in it"
            )
        # Whole or not at all: half a key would be another training's.
        partial = owner.with_suffix(".partial")
        with _writing(folder):
            partial.write_text(key)
            partial.replace(owner)
        yield


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(f"checkpoint_dir: {folder} cannot be written: {error.strerror}") from None


def delete_checkpoints(folder: Path) -> None:
    """Deletes the checkpoints in the folder, of whatever training they are.

    Raises:
        InputError: as :func:`locked`.
    """
    with locked(folder):
        for kind in (LATEST, BEST, EPOCHS):
            shutil.rmtree(folder / kind, ignore_errors=True)
        for file in (HISTORY_FILE, BUDGET_FILE, OWNER_FILE):
            (folder / file).unlink(missing_ok=True)
