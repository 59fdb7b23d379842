"""The package for Beam workers that are not processes of this machine: what prepares a corpus, and nothing else.

``components.corpus.runners.dataflow`` builds it and Beam ships it. Nobody installs it here: `mlflow run` installs
requirements.lock and works from the checkout.
"""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOMS = ("components.text", "components.dataset", "components.sample", "components.corpus")
# What the rooms import, besides Beam, which every worker has. Neither TensorFlow nor MLflow is among them.
LIBRARIES = ("google-crc32c", "numpy", "pyarrow", "pyrealb", "sentencepiece")

pins = dict(re.findall(r"^([\w-]+)(==\S+)", Path(__file__).with_name("requirements.txt").read_text(), re.MULTILINE))
setup(
    packages=find_packages(include=["components", *ROOMS, *(f"{room}.*" for room in ROOMS)]),
    # Workers with other versions than the launcher's might write other records.
    install_requires=[library + pins[library] for library in LIBRARIES],
)
