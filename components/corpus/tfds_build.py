"""Has TensorFlow Datasets prepare a set, in a process of its own: it imports TensorFlow, which this room never does."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from components.corpus import tfds_folder
from components.errors import InputError

_PROJECT = Path(__file__).parents[2]
_PROGRAM = "components.tfds"


def build(dataset: str, config: str | None, languages: Sequence[str]) -> None:
    """Downloads and prepares a set, where TFDS keeps them.

    Raises:
        InputError: if there is no such set or configuration, if it has not these languages, or if it cannot be had.
    """
    paths = [str(_PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])]
    done = subprocess.run(
        [sys.executable, "-m", _PROGRAM, dataset, config or "", tfds_folder.root(), *languages],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )
    if done.returncode:
        raise RuntimeError(f"{_PROGRAM} ended with exit code {done.returncode}")
    if why := json.loads(done.stdout)["error"]:
        there = tfds_folder.prepared_configs(dataset)
        raise InputError(why + (f"; prepared there: {', '.join(there)}" if there else ""))
