"""Runners that are programs of their own: Prism and Flink. Beam's job server takes the job, and they start workers."""

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

from components.corpus.runners.runner import Flags, Runner
from components.errors import InputError

# A shell script, because Beam starts a file and gives it arguments of its own.
WORKER = Path(__file__).with_name("worker.sh")
_LOCAL = ("localhost", "127.0.0.1", "::1")
_SHARED = "shared_folders"

# Speaks the same protocol as Beam 2.72.
PRISM = "github.com/apache/beam/sdks/v2/go/cmd/prism@v2.73.0"
_PRISM_HOW = (
    f"`GOBIN=/FOLDER go install {PRISM}` builds the program, and --prism_location=/FOLDER/prism names it (nothing is"
    " downloaded unasked)"
)

JOB_SERVER = "org.apache.beam:beam-runners-flink-{version}-job-server:2.72.0"
# Flink inside the job server, for this one job.
_EMBEDDED = ("[local]", "[auto]")
_FLINK_VERSION = "1.20"
# Seconds that a cluster may take to answer.
_ANSWER_SECONDS = 10


class PortableRunner(Runner):
    """Workers are processes of this machine where the runner is, else what ``--environment_type`` says."""

    def is_here(self, flags: Flags) -> bool:
        """Whether the runner's workers are started on this machine."""
        return _is_here(flags.value("job_endpoint") or "localhost")

    def shares_files(self, flags: Flags) -> bool:
        here = self.is_here(flags) and flags.value("environment_type") != "DOCKER"
        return here or _SHARED in flags.experiments()

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


class PrismRunner(PortableRunner):
    """Beam's engine in Go, on this machine.

    Workers are threads of this process, or with ``--environment_type=PROCESS`` processes of their own.
    """

    name = "PrismRunner"

    def check(self, flags: Flags) -> None:
        if flags.value("job_endpoint"):
            return
        if not (location := flags.value("prism_location")):
            raise InputError(f"beam_options: PrismRunner needs the program Prism: {_PRISM_HOW}")
        _check_file("prism_location", location, _PRISM_HOW)
        if not os.access(location, os.X_OK):
            raise InputError(f"beam_options: --prism_location={location} is no program; {_PRISM_HOW}")

    def complete(self, flags: Flags) -> Flags:
        return self.with_own_workers(flags) if flags.value("environment_type") == "PROCESS" else flags


class FlinkRunner(PortableRunner):
    """A Flink cluster, on this machine or elsewhere.

    Workers are processes that the task managers start, where ``flink_master`` is on this machine.
    """

    name = "FlinkRunner"

    def check(self, flags: Flags) -> None:
        if not flags.value("job_endpoint"):
            self._check_job_server(flags)
        if (master := _flink_master(flags)) in _EMBEDDED:
            return
        if not self.is_here(flags) and flags.value("environment_type") is None:
            raise InputError(
                f"beam_options: --flink_master={master} is another machine, so it needs --environment_type=DOCKER"
                " with --environment_config=IMAGE, or EXTERNAL with HOST:PORT of a worker pool"
            )
        cluster = _overview(master)
        version, expected = str(cluster.get("flink-version")), _flink_version(flags)
        if not version.startswith(f"{expected}."):
            raise InputError(
                f"beam_options: --flink_master={master} is Flink {version}, but the job server is for {expected};"
                " --flink_version and --flink_job_server_jar must be for the cluster's"
            )
        slots, parallelism = cluster["slots-total"], flags.value("parallelism") or "1"
        if not parallelism.isdecimal() or not 1 <= int(parallelism) <= slots:
            raise InputError(
                f"beam_options: found --parallelism={parallelism}, must be a whole number from 1 up to {slots}, the"
                f" task slots of {master}"
            )

    def _check_job_server(self, flags: Flags) -> None:
        artifact = JOB_SERVER.format(version=_flink_version(flags))
        how = (
            f"`mvn dependency:copy -Dartifact={artifact} -DoutputDirectory=FOLDER` fetches Beam's job server, and"
            f" --flink_job_server_jar=FOLDER/{artifact.split(':')[1]}-2.72.0.jar names it (nothing is downloaded"
            " unasked)"
        )
        if not (jar := flags.value("flink_job_server_jar")):
            raise InputError(f"beam_options: FlinkRunner needs Beam's job server: {how}")
        _check_file("flink_job_server_jar", jar, how)
        java = flags.value("job_server_java_launcher") or "java"
        if not shutil.which(java):
            raise InputError(
                f"beam_options: there is no program {java!r}, which runs Beam's job server; install Java 11 or 17, or"
                " name it with --job_server_java_launcher"
            )

    def complete(self, flags: Flags) -> Flags:
        master = _flink_master(flags)
        slots = len(os.sched_getaffinity(0)) if master in _EMBEDDED else _overview(master)["slots-total"]
        flags = flags.with_default("flink_master", master).with_default("parallelism", str(slots))
        return self.with_own_workers(flags) if flags.value("environment_type") in (None, "PROCESS") else flags

    def is_here(self, flags: Flags) -> bool:
        master = _flink_master(flags)
        return super().is_here(flags) and (master in _EMBEDDED or _is_here(master))


def _flink_master(flags: Flags) -> str:
    return flags.value("flink_master") or "[local]"


def _flink_version(flags: Flags) -> str:
    return flags.value("flink_version") or _FLINK_VERSION


def _overview(master: str) -> dict[str, Any]:
    """What a Flink cluster reports of itself.

    Raises:
        InputError: if none answers.
    """
    url = master if "//" in master else f"http://{master}"
    try:
        with urlopen(f"{url}/overview", timeout=_ANSWER_SECONDS) as answer:
            found = json.load(answer)
        if isinstance(found, dict) and isinstance(found.get("slots-total"), int):
            return found
        reason = "what answers is no Flink"
    except (URLError, OSError, ValueError) as error:
        reason = str(getattr(error, "reason", error))
    raise InputError(
        f"beam_options: found --flink_master={master}, must be HOST:PORT of a Flink cluster's web address ({reason}),"
        " or [local] for one inside the job server"
    )


def _is_here(address: str) -> bool:
    """Whether ``[http://]HOST:PORT`` is on this machine."""
    return urlsplit(address if "//" in address else f"//{address}").hostname in _LOCAL


def _check_file(option: str, path: str, how: str) -> None:
    if not Path(path).is_file():
        raise InputError(f"beam_options: --{option}={path} is no file; {how}")
