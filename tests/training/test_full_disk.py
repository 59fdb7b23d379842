"""A disk that is full while a checkpoint is written: one line, and the checkpoint before is kept."""

import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from components.errors import InputError
from components.model.optimizer import WarmupCosine, make_optimizer
from components.training import fit
from components.training.checkpoints import LATEST, Checkpoints, claimed
from components.training.history import History, Steps
from tests.pipelines.checkout import Checkout, kill, wait_until
from tests.training.trainings import make


@contextmanager
def small_files(size: int) -> Iterator[None]:
    """No file may be larger: writing more fails as on a full disk, without one."""
    before, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, hard))


@contextmanager
def filled(folder: Path, left: int) -> Iterator[None]:
    """So many bytes are left on the file system."""
    filling = folder / "filling"
    filling.write_bytes(bytes(shutil.disk_usage(folder).free - left))
    try:
        yield
    finally:
        filling.unlink()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if (
        shutil.which("mount") is None
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder], capture_output=True, check=False
        ).returncode
    ):
        pytest.skip("may not mount a file system")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def checkpoints(folder: Path) -> tuple[Checkpoints, tf.Variable, tf.keras.Model]:
    """Of a model with 100,000 weights, 0.4 MB of them and 0.8 MB of the optimizer's."""
    model = tf.keras.Sequential([tf.keras.layers.Dense(1000, use_bias=False, input_shape=(100,))])
    optimizer = make_optimizer(WarmupCosine(0.1, 1, 10))
    optimizer._create_all_weights(model.trainable_variables)
    step = tf.Variable(0, dtype=tf.int64)
    return Checkpoints(folder, model, 1, optimizer, step=step), step, model


@pytest.mark.parametrize("reason", ["File too large", "No space left on device"])
def test_the_checkpoint_before_is_kept(reason, tmp_path, request):
    folder, limited = tmp_path / "checkpoints", small_files
    if reason == "No space left on device":
        disk = request.getfixturevalue("small_disk")
        folder, limited = disk / "checkpoints", lambda size: filled(disk, size)
    kept, step, model = checkpoints(folder)
    step.assign(7)
    before = model.get_weights()
    kept.save_latest()
    kept.save_best(7)
    kept.save_epoch(7)
    files = sorted(folder.rglob("*"))

    step.assign(8)
    model.set_weights([weights + 1 for weights in before])
    for save, size in (
        (kept.save_latest, "1.2"),
        (partial(kept.save_best, 8), "0.4"),
        (partial(kept.save_epoch, 8), "0.4"),
    ):
        with limited(300_000), pytest.raises(InputError) as refused:
            save()
        assert f"checkpoint_dir: {folder} cannot take a checkpoint of {size} MB ({reason}; " in str(refused.value)
        assert "the same command goes on from there" in str(refused.value)
        assert sorted(folder.rglob("*")) == files
    again, step, model = checkpoints(folder)
    assert again.resume()
    assert int(step) == 7
    for restore in (again.resume, again.restore_best, again.restore_average):
        model.set_weights([weights + 1 for weights in before])
        restore()
        np.testing.assert_array_equal(model.get_weights(), before)


def test_a_training_ends_with_one_line_and_goes_on_from_what_was_saved_before(dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(fit, "SAVED_SECONDS", -1)
    run = make(dataset, tmp_path).run()
    step = next(run).step
    with small_files(100_000), pytest.raises(InputError, match="cannot take a checkpoint of"):
        list(run)
    training = make(dataset, tmp_path)
    assert step - 1 <= training.step <= step
    assert next(training.run()).step > step


def test_what_a_killed_process_was_writing_is_removed(tmp_path):
    unfinished = tmp_path / LATEST / "ckpt-3_temp" / "part-00000-of-00001.data-00000-of-00001.tempstate1"
    unfinished.parent.mkdir(parents=True)
    unfinished.touch()
    checkpoints(tmp_path)
    assert not unfinished.parent.exists()


def test_a_claim_that_could_not_be_written_is_no_other_trainings(tmp_path):
    with small_files(2), pytest.raises(InputError, match="cannot be written: File too large"), claimed(tmp_path, "key"):
        pass
    with claimed(tmp_path, "key"):
        pass


def test_a_history_that_cannot_be_written_is_reported_in_one_line(tmp_path):
    history = History(tmp_path, lambda event: True)
    with small_files(9), pytest.raises(InputError, match=r"history\.jsonl cannot be written: File too large"):
        history.add(Steps(1, 2, {}))
    # The half of a line that went in is no event.
    assert History(tmp_path, lambda event: True).events == []


@pytest.mark.slow
def test_the_real_program_ends_with_one_line_and_goes_on(tmp_path):
    checkout = Checkout(tmp_path / "checkout")
    checkout.run("prepare", corpus="sample", data_dir="data")
    settings = {"data_dir": "data", "checkpoint_dir": "checkpoints", "units": "256", "embedding_size": "128"}
    settings |= {"epochs": "3", "max_minutes": "0"}
    process = checkout.start("train", **settings)
    wait_until(lambda: any((checkout.folder / "checkpoints" / LATEST).glob("*.index")), process)
    kill(process)
    (kept,) = (checkout.folder / "checkpoints" / LATEST).glob("*.index")

    # Room for the tracking store, not for a checkpoint.
    flags = [f"--{name}={value}" for name, value in settings.items()]
    command = [sys.executable, "-m", "pipelines.train", *flags]
    limited = ["bash", "-c", 'ulimit -f 4000; exec "$@"', "limited", *command]
    ended = subprocess.run(limited, cwd=checkout.folder, capture_output=True, text=True, timeout=600, check=False)
    assert ended.returncode == 2, ended.stderr
    (line,) = [line for line in ended.stderr.splitlines() if line.startswith("error: ")]
    assert line.startswith("error: checkpoint_dir: checkpoints cannot take a checkpoint of "), line
    assert "Traceback" not in ended.stderr
    assert kept.exists()
    printed = checkout.run("train", **settings)
    assert "Going on from step" in printed
