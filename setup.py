"""The package for Beam workers that are not processes of this machine: what they work with, and nothing else.

``components.corpus.worker_package`` builds it and Beam ships it. Nobody installs it here: `mlflow run` installs
requirements.lock and works from the checkout.
"""

import os
import re
from pathlib import Path

from setuptools import find_packages, setup

# By whose work the workers do: its rooms, and what they import besides Beam, which every worker has.
ROOMS = {
    "corpus": ("components.text", "components.dataset", "components.corpus"),
    "translation": ("components.text", "components.corpus", "components.serving", "components.translation"),
}
LIBRARIES = {
    # Neither TensorFlow nor MLflow is among them.
    "corpus": ("google-crc32c", "numpy", "pyarrow", "pyrealb", "sentencepiece"),
    # The pin of protobuf is TensorFlow's. The server, its page and MLflow are the launcher's.
    "translation": ("numpy", "protobuf", "pyarrow", "sentencepiece", "sentencex", "tensorflow"),
}
room = os.environ.get("WORKER_ROOM", "corpus")

pins = dict(re.findall(r"^([\w-]+)(==\S+)", Path(__file__).with_name("requirements.txt").read_text(), re.MULTILINE))
setup(
    packages=find_packages(include=["components", *ROOMS[room], *(f"{name}.*" for name in ROOMS[room])]),
    # Workers with other versions than the launcher's might write other records.
    install_requires=[library + pins[library] for library in LIBRARIES[room]],
)
