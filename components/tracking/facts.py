"""What a run should say about where it ran: commit, machine, versions."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

from components.code import PROJECT

_PACKAGES = ("tensorflow", "tensorflow-addons", "apache-beam", "mlflow")


def run_facts() -> dict[str, str]:
    """Tags for a run: ``git.commit``, ``git.dirty``, ``host.*``, ``python`` and the versions of the stack."""
    import psutil

    return {
        **git_facts(),
        "host.name": platform.node(),
        "host.system": f"{platform.system()} {platform.machine()}",
        "host.cpus": str(os.cpu_count()),
        "host.memory_gib": f"{psutil.virtual_memory().total / 2**30:.1f}",
        "python": platform.python_version(),
        **{f"version.{package}": version(package) for package in _PACKAGES},
    }


def git_facts(folder: Path = PROJECT) -> dict[str, str]:
    """``git.commit`` and ``git.dirty`` (true if anything tracked or untracked differs); empty outside a checkout."""
    commit = _git(folder, "rev-parse", "HEAD")
    if not commit:
        return {}
    return {"git.commit": commit, "git.dirty": str(bool(_git(folder, "status", "--porcelain"))).lower()}


def _git(folder: Path, *arguments: str) -> str:
    try:
        return subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True, timeout=30
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
