"""Importing Beam without the clients of clouds and databases that a run on this machine does not need."""

import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

# Beam imports these whenever they are installed and does without where they are not. Together they take two thirds of
# its start-up: `python -X importtime -c 'import apache_beam'` shows 3.6 s with and 1.2 s without them.
_OPTIONAL = (
    "apitools",
    "azure",
    "boto3",
    "google.api_core",
    "google.auth",
    "google.cloud",
    "hdfs",
    "pandas",
    "pymongo",
)


def import_beam(lean: bool) -> None:
    """Imports Beam, quietly.

    Args:
        lean: leave out what only remote runners and remote file systems need. Has an effect on the first call only.
    """
    if "apache_beam" in sys.modules:
        return
    hidden = [name for name in _OPTIONAL if name not in sys.modules] if lean else []
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None makes `import` raise ImportError.
    try:
        with warnings.catch_warnings(), _quiet():
            # Google's libraries warn of the Python version, which TensorFlow 2.15 dictates.
            warnings.simplefilter("ignore", FutureWarning)
            import apache_beam  # noqa: F401
    finally:
        for name in hidden:
            if sys.modules.get(name) is None:
                sys.modules.pop(name, None)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps back what Beam's modules log while they are imported: that crcmod and bson are missing."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        root.setLevel(level)
