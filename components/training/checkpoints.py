"""The checkpoint folder of a training run: the state to go on from, and the best weights so far."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import tensorflow as tf
from filelock import FileLock, Timeout

from components.errors import InputError

LATEST, BEST, OWNER_FILE = "latest", "best", "training.key"


class Checkpoints:
    """Both kinds of checkpoint. Each appears whole or not at all: the one before goes when the new one stands.

    Args:
        folder: of this training run.
        model: whose weights are kept.
        state: everything else that training goes on from: optimizer, counters.
    """

    def __init__(self, folder: Path, model: tf.keras.Model, **state: tf.Module | tf.Variable):
        everything = tf.train.Checkpoint(model=model, **state)
        self._latest = tf.train.CheckpointManager(everything, str(folder / LATEST), max_to_keep=1)
        self._best = tf.train.CheckpointManager(tf.train.Checkpoint(model=model), str(folder / BEST), max_to_keep=1)

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
        self._best.checkpoint.restore(self._best.latest_checkpoint).assert_existing_objects_matched()


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds the folder for this process, so that two runs do not write the same checkpoints; makes it if need be.

    Raises:
        InputError: if another process holds it, or if it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / "lock")
        lock.acquire(timeout=0)
    except Timeout:
        raise InputError(
            f"checkpoint_dir: {folder} is in use by another training run; wait for it or name another"
        ) from None
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
        for kept in (LATEST, BEST):
            shutil.rmtree(folder / kept, ignore_errors=True)
        (folder / OWNER_FILE).unlink(missing_ok=True)
