"""Small trainings that take seconds, and their sudden ends."""

import random
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from components.model.exported import named_weights
from components.model.parameters import ModelParameters
from components.model.seq2seq import Seq2Seq
from components.text.codec import TextCodec
from components.text.vocabulary import EOS
from components.training.base import BaseModel
from components.training.fit import Training
from components.training.parameters import TrainingParameters

FITTING = TrainingParameters(batch_tokens=200, epochs=2, warmup_steps=5, learning_rate=0.01, precision="float32")
# The model's shape and the format of its products, by what is said of them.
SHAPES: dict[str, dict[str, Any]] = {
    "plain": {},
    "bahdanau, two bidirectional layers, tied, bfloat16": {
        "attention": "bahdanau",
        "encoder": "bidirectional",
        "layers": 2,
        "tie_embeddings": True,
        "precision": "mixed_bfloat16",
        "word_dropout": 0.2,
        "averaged_epochs": 2,
    },
    "no attention, bfloat16": {"attention": "none", "precision": "mixed_bfloat16"},
    "luong, bidirectional, bfloat16": {"attention": "luong", "encoder": "bidirectional", "precision": "mixed_bfloat16"},
    "bahdanau, two bidirectional layers, tied": {
        "attention": "bahdanau",
        "encoder": "bidirectional",
        "layers": 2,
        "tie_embeddings": True,
    },
    "begun from a model": {"based": True},
    "full softmax, bfloat16": {"num_sampled": 0, "label_smoothing": 0.1, "precision": "mixed_bfloat16"},
}


def make(dataset: Path, folder: Path, shape: str = "plain", **changed: Any) -> Training:
    """The training of a shape in a folder, with the parameters ``changed`` of its fitting."""
    values = {"embedding_size": 16, "units": 32, "dropout": 0.1, "num_sampled": 3, **asdict(FITTING), **SHAPES[shape]}
    fitting = {name: value for name, value in values.items() if name in asdict(FITTING)}
    base = base_for(dataset) if values.pop("based", False) else None
    model = ModelParameters(**{name: value for name, value in values.items() if name not in fitting})
    return Training(dataset, folder, model, TrainingParameters(**{**fitting, **changed}), base)


def base_for(dataset: Path) -> BaseModel:
    """A model of the plain shape with the dataset's codec; the same in every process."""
    codec = TextCodec.load(dataset)
    tf.keras.utils.set_random_seed(7)
    sizes = len(codec.source_vocabulary), len(codec.target_vocabulary)
    named = named_weights(Seq2Seq(ModelParameters(embedding_size=16, units=32), *sizes))
    return BaseModel(codec, {name: variable.numpy() for name, variable in named.items()})


def weights(training: Training) -> list[np.ndarray]:
    return [variable.numpy() for variable in training.model.variables]


def nothing_found(source: np.ndarray, beam_width: int, *penalties: float) -> dict[str, np.ndarray]:
    """A search that translates each sentence into nothing: tracing a real one takes as long as training."""
    shape = len(source), beam_width
    return {
        "ids": np.full((*shape, 1), EOS, np.int32),
        "scores": np.zeros(shape, np.float32),
        "alignment": np.full((*shape, 1), -1, np.int32),
    }


# Ends without cleaning up at the given step, like a process that is killed; the state is saved at every step.
_KILLED = """
import os, sys
from pathlib import Path
from components.training import fit
from components.training.validation import Validation
from tests.training.trainings import make, nothing_found

if sys.argv[5] == "untranslated":
    Validation._search = lambda self, projection: nothing_found
fit.SAVED_SECONDS, fit.REPORTED_STEPS = -1, 1
training = make(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[4])
for event in training.run():
    if event.step >= int(sys.argv[3]):
        os._exit(9)
"""


def killed_at(step: int, dataset: Path, folder: Path, shape: str = "plain", translated: bool = True) -> None:
    command = [sys.executable, "-c", _KILLED, str(dataset), str(folder), str(step), shape]
    command += ["translated" if translated else "untranslated"]
    child = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert child.returncode == 9, child.stderr


def random_steps(number: int, last: int) -> list[int]:
    """Distinct steps before the last in rising order, others each time; a test that fails shows what it printed."""
    steps = sorted(random.SystemRandom().sample(range(1, last), number))
    print(f"killed at {steps}")
    return steps
