"""The checkpoint folder of a training run: the state to go on from, and the best weights so far."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import tensorflow as tf
from filelock import FileLock, Timeout

from components.errors import InputError


class Checkpoints:
    """Both kinds of checkpoint. Each appears whole or not at all: the one before goes when the new one stands.

    Args:
        folder: of this training run.
        model: whose weights are kept.
        state: everything else that training goes on from: optimizer, counters.
    """

    def __init__(self, folder: Path, model: tf.keras.Model, **state: tf.Module | tf.Variable):
        everything = tf.train.Checkpoint(model=model, **state)
        self._latest = tf.train.CheckpointManager(everything, str(folder / "latest"), max_to_keep=1)
        self._best = tf.train.CheckpointManager(tf.train.Checkpoint(model=model), str(folder / "best"), max_to_keep=1)

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
    """Holds the folder for this process, so that two runs do not write the same checkpoints.

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
