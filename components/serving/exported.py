"""The exported SavedModel: loaded once for all that is asked of it."""

import logging
import os
from pathlib import Path
from typing import Any


def load_exported(saved_model: Path) -> Any:
    """What ``components.model.export`` wrote, with its functions. Needs TensorFlow, and nothing else."""
    # TensorFlow writes a dozen lines about GPUs that are not there; an error that matters comes as an exception.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf  # Takes seconds: who only looks at options or segments does not wait for it.

    # It also tells, a line for each function, that what was read back cannot be trained.
    logger = logging.getLogger("absl")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        return tf.saved_model.load(str(saved_model))
    finally:
        logger.setLevel(level)
