"""The package that remote workers install: what prepares a corpus, as a wheel, built from this checkout by setup.py."""

import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).parents[2]


def build_worker_package(folder: Path) -> Path:
    """Builds the wheel into ``folder``; the checkout is left as it is.

    Raises:
        RuntimeError: if setuptools fails, with what it said.
    """
    with tempfile.TemporaryDirectory(prefix="worker-package-") as scratch:
        command = [sys.executable, "setup.py", "--quiet", "egg_info", f"--egg-base={scratch}"]
        command += ["build", f"--build-base={scratch}", "bdist_wheel", f"--dist-dir={folder.absolute()}"]
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"the package for the workers could not be built: {done.stderr}")
    (wheel,) = folder.glob("*.whl")
    return wheel
