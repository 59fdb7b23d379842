"""An exported model, opened again: the shape of the model and all its weights, to go on training from.

``components.model.export`` writes the SavedModel, whose variables are the weights themselves, each once and in float32,
whatever training multiplied in. Beside them stand the model's parameters. The optimizer's state is not kept: another
corpus begins with another schedule.
"""

import dataclasses
import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from components.errors import InputError
from components.model.parameters import ModelParameters
from components.parameters import select

# TensorFlow takes seconds to import: who only asks for the parameters does without.
if TYPE_CHECKING:
    import tensorflow as tf

PARAMETERS_FILE = "parameters.json"
_VARIABLES = "variables/variables"
_DATA = f"{_VARIABLES}.data-00000-of-00001"
# Attributes of what is exported: the weights by name, and the projection in the layout of the search, which stands for
# the weight of that name where the two are not tied.
WEIGHTS, PROJECTION = "_weights", "_projection"


@dataclass(frozen=True)
class ExportedModel:
    """The model in the folder of a SavedModel."""

    folder: Path
    parameters: ModelParameters

    @classmethod
    def open(cls, folder: Path) -> "ExportedModel | None":
        """The model; None if it was exported without its parameters, by an earlier version.

        Raises:
            InputError: if it is damaged.
        """
        path = folder / PARAMETERS_FILE
        if not path.exists():
            return None
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            parameters, digest = select(ModelParameters, document["parameters"]), document["weights"]
            whole = _digest(folder) == digest
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path}: {type(error).__name__}: {error}") from None
        if not whole:
            raise InputError(f"{folder / _DATA} is not what was exported")
        return cls(folder, parameters)

    def weights(self) -> dict[str, np.ndarray]:
        """All weights, float32, by the names of :func:`named_weights`."""
        import tensorflow as tf

        reader = tf.train.load_checkpoint(str(self.folder / _VARIABLES))
        attributes = [key.split("/") for key in reader.get_variable_to_shape_map()]
        found = {path[1]: reader.get_tensor("/".join(path)) for path in attributes if path[0] == WEIGHTS}
        if not self.parameters.tie_embeddings:
            padded = reader.get_tensor(f"{PROJECTION}/0/.ATTRIBUTES/VARIABLE_VALUE")
            found["projection"] = padded[:, : len(found["projection_bias"])].T
        return found


def save_parameters(parameters: ModelParameters, folder: Path) -> None:
    """Writes, into the folder of a SavedModel that is complete, what :meth:`ExportedModel.open` reads."""
    document = {"parameters": dataclasses.asdict(parameters), "weights": _digest(folder)}
    (folder / PARAMETERS_FILE).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def named_weights(model: "tf.keras.Model") -> "dict[str, tf.Variable]":
    """The model's variables by names of which each is there once: ``decoder-embedding-embeddings``."""
    seen: Counter[str] = Counter()
    named = {}
    for variable in model.variables:
        name = variable.name.removesuffix(":0").replace("/", "-")
        seen[name] += 1
        named[f"{name}-{seen[name]}" if seen[name] > 1 else name] = variable
    return named


def _digest(folder: Path) -> str:
    with open(folder / _DATA, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
