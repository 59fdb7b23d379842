"""What runners have in common that are programs of their own: Beam's job server, and workers that it starts."""

import json
import sys
from pathlib import Path
from urllib.parse import urlsplit

from components.corpus.runners.flags import Flags, experiments
from components.corpus.runners.runner import Runner
from components.errors import InputError

# A shell script, because Beam starts a file and gives it arguments of its own.
WORKER = Path(__file__).with_name("worker.sh")
_LOCAL = ("localhost", "127.0.0.1", "::1")
_SHARED = "shared_folders"


def is_here(address: str) -> bool:
    """Whether ``[http://]HOST:PORT`` is on this machine."""
    return urlsplit(address if "//" in address else f"//{address}").hostname in _LOCAL


class PortableRunner(Runner):
    """Workers are processes of this machine where the runner is, else what ``--environment_type`` says."""

    def is_here(self, flags: Flags) -> bool:
        """Whether the runner's workers are started on this machine."""
        return is_here(flags.value("job_endpoint") or "localhost")

    def shares_files(self, flags: Flags) -> bool:
        here = self.is_here(flags) and flags.value("environment_type") != "DOCKER"
        return here or _SHARED in experiments(flags)

    def sharing_rule(self) -> str:
        return (
            "they do where the runner is on this machine (localhost) and not in a container, or where the folder has"
            f" this path on all machines: then say so with --experiments={_SHARED}"
        )

    def with_own_workers(self, flags: Flags) -> Flags:
        """The options with processes of this interpreter as workers, unless they say which command starts one."""
        if any(flags.value(f"environment_{name}") is not None for name in ("config", "option", "options")):
            return flags
        config = {"command": str(WORKER), "env": {"WORKER_PYTHON": sys.executable}}
        return flags.with_default("environment_type", "PROCESS").with_words(
            f"--environment_config={json.dumps(config)}"
        )


def check_program(option: str, path: str, how: str) -> None:
    """Looks whether an option names a file on this machine.

    Raises:
        InputError: if it does not; tells with ``how`` where to get one.
    """
    if not Path(path).is_file():
        raise InputError(f"beam_options: --{option}={path} is no file; {how}")
