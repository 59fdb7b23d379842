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
        state: everything else that training goes on from: optimizer, counters.
    """

    def __init__(self, folder: Path, model: tf.keras.Model, epochs: int, **state: tf.Module | tf.Variable):
        everything = tf.train.Checkpoint(model=model, **state)
        self._latest = tf.train.CheckpointManager(everything, str(folder / LATEST), max_to_keep=1)
        weights = tf.train.Checkpoint(model=model)
        self._best = tf.train.CheckpointManager(weights, str(folder / BEST), max_to_keep=1)
        self._epochs = tf.train.CheckpointManager(weights, str(folder / EPOCHS), max_to_keep=epochs)
        self._model = model

    def resume(self) -> bool:
        """Restores the latest state; false if there is none."""
        path = self._latest.latest_checkpoint
        if path:
            self._latest.checkpoint.restore(path).assert_existing_objects_matched()
        return path is not None

    def save_latest(self) -> None:
        self._latest.save()

    def save_best(self) -> None:
        self._best.save()

    def restore_best(self) -> None:
        """Gives the model its best weights."""
        self._restore(self._best.latest_checkpoint)

    def save_epoch(self, step: int) -> None:
        """Keeps the weights as they are after ``step`` steps; what was kept for that step before is replaced."""
        self._epochs.save(checkpoint_number=step)

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
        raise InputError(f"checkpoint_dir: {folder} cannot be written: {error.strerror}") from None
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
        owner.write_text(key)
        yield


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
