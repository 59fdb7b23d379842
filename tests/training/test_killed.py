"""A training that is killed, however often and wherever, ends with the weights of an undisturbed one, to the bit.

``pytest -m slow -s tests/training/test_killed.py`` prints the comparison of two real runs.
"""

import hashlib
import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from components.training.checkpoints import BEST, LATEST
from components.training.history import HISTORY_FILE
from tests.conftest import SHARED_DATA
from tests.pipelines.checkout import Checkout, kill, wait_until
from tests.training.trainings import SHAPES, killed_at, make, random_steps, weights

QUICK = list(SHAPES)[:2]
BASED = "begun from a model"


@pytest.mark.parametrize(
    ("shape", "kills"),
    [(QUICK[0], 2), (QUICK[1], 1), (BASED, 1), *(pytest.param(shape, 3, marks=pytest.mark.slow) for shape in SHAPES)],
)
def test_killed_at_random_steps(shape, kills, dataset, tmp_path, request):
    # The quick ones ask for the loss and the weights, the slow ones translate after each epoch, too.
    translated = request.node.get_closest_marker("slow") is not None
    if not translated:
        request.getfixturevalue("untranslated")
    undisturbed = make(dataset, tmp_path / "undisturbed", shape)
    events = list(undisturbed.run())
    for step in random_steps(kills, last=undisturbed.total_steps):
        killed_at(step, dataset, tmp_path / "killed", shape, translated)
    training = make(dataset, tmp_path / "killed", shape)
    # The step reported last may be saved, or not.
    assert step - 1 <= training.step <= step
    assert list(training.run())[-1].metrics["val_loss"] == events[-1].metrics["val_loss"]
    for left, right in zip(weights(training), weights(undisturbed), strict=True):
        np.testing.assert_array_equal(left, right)


# What differs from run to run: how long it took, how often it was saved, and what is no number.
UNLIKE = ("seconds/", "save_counter", "_CHECKPOINTABLE_OBJECT_GRAPH")
SMALL_MODEL = {"embedding_size": "64", "units": "64", "batch_tokens": "2048", "epochs": "4", "patience": "0"}


@pytest.mark.slow
def test_the_real_program_killed_at_random_steps(tmp_path, empty_store, monkeypatch):
    checkout = Checkout(tmp_path / "checkout")
    multi30k = SHARED_DATA / "multi30k"
    corpora = {"corpus": "sample"}
    if multi30k.is_dir():
        corpora = {"corpus": f"{multi30k}/train.{{en,fr}}", "validation_corpus": f"{multi30k}/val.{{en,fr}}"}
    checkout.run("prepare", data_dir="data", **corpora)
    settings = {"data_dir": "data", "encoder": "bidirectional", **SMALL_MODEL}
    checkout.run("train", checkpoint_dir="undisturbed", **settings)
    # A store that does not know the finished run, which would be reused.
    shutil.copyfile(empty_store, tmp_path / "other.db")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/other.db")

    def stopped_at(step: int, how: signal.Signals) -> None:
        process = checkout.start("train", checkpoint_dir="killed", **settings)
        wait_until(lambda: last_step(checkout.folder / "killed") >= step, process)
        end(process, how)

    # Between the kills a Ctrl-C, which saves the state in the middle of an epoch.
    first, between, *others = random_steps(4, last_step(checkout.folder / "undisturbed"))
    stopped_at(first, signal.SIGKILL)
    stopped_at(between, signal.SIGINT)
    for step in others:
        stopped_at(step, signal.SIGKILL)
    assert "Going on from step" in checkout.run("train", checkpoint_dir="killed", **settings)

    for kind in (LATEST, BEST):
        left, right = (digests(checkout.folder / folder / kind) for folder in ("undisturbed", "killed"))
        print(f"\n{kind}: {len(left)} variables, {sum(left[name] == right.get(name) for name in left)} of them equal")
        for name, digest in left.items():
            other = right.get(name, "missing")
            print(f"  {'equal  ' if digest == other else 'UNEQUAL'} {digest[:16]} {other[:16]} {name}")
        assert left == right


def last_step(folder: Path) -> int:
    """The last step that the training reported."""
    file = folder / HISTORY_FILE
    lines = (
        [line for line in file.read_text().splitlines(keepends=True) if line.endswith("\n")] if file.exists() else []
    )
    return json.loads(lines[-1])["step"] if lines else 0


def end(process: subprocess.Popen[str], how: signal.Signals) -> None:
    if how == signal.SIGKILL:
        kill(process)
        return
    os.killpg(process.pid, how)
    process.communicate()
    assert process.returncode == 130


def digests(folder: Path) -> dict[str, str]:
    """The sha256 of each variable in the newest checkpoint."""
    reader = tf.train.load_checkpoint(str(folder))
    names = [name for name in sorted(reader.get_variable_to_shape_map()) if not name.startswith(UNLIKE)]
    return {
        name.removesuffix("/.ATTRIBUTES/VARIABLE_VALUE"): hashlib.sha256(reader.get_tensor(name).tobytes()).hexdigest()
        for name in names
    }
