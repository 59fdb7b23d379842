"""The exported SavedModel: loaded once for all that is asked of it."""

import os
from pathlib import Path
from typing import Any


def load_exported(saved_model: Path) -> Any:
    """What ``components.model.export`` wrote, with its functions. Needs TensorFlow, and nothing else."""
    # TensorFlow writes a dozen lines about GPUs that are not there; an error that matters comes as an exception.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf  # Takes seconds: who only looks at options or segments does not wait for it.

    return tf.saved_model.load(str(saved_model))
