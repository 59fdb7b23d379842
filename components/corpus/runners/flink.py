"""FlinkRunner: a Flink cluster, on this machine or elsewhere."""

import json
import os
import shutil
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from components.corpus.runners.flags import Flags
from components.corpus.runners.portable import PortableRunner, check_program, is_here
from components.errors import InputError

JOB_SERVER = "org.apache.beam:beam-runners-flink-{version}-job-server:2.72.0"
# Flink inside the job server, for this one job.
_EMBEDDED = ("[local]", "[auto]")
_FLINK_VERSION = "1.20"
# Seconds that a cluster may take to answer.
_PATIENCE = 10


class FlinkRunner(PortableRunner):
    """Workers are processes that the task managers start, where ``flink_master`` is on this machine."""

    name = "FlinkRunner"

    def check(self, flags: Flags) -> None:
        if not flags.value("job_endpoint"):
            self._check_job_server(flags)
        if (master := self._master(flags)) in _EMBEDDED:
            return
        if not self.is_here(flags) and flags.value("environment_type") is None:
            raise InputError(
                f"beam_options: --flink_master={master} is another machine, so it needs --environment_type=DOCKER"
                " with --environment_config=IMAGE, or EXTERNAL with HOST:PORT of a worker pool"
            )
        cluster = _overview(master)
        version, wanted = str(cluster.get("flink-version")), self._version(flags)
        if not version.startswith(f"{wanted}."):
            raise InputError(
                f"beam_options: --flink_master={master} is Flink {version}, but the job server is for {wanted};"
                " --flink_version and --flink_job_server_jar must be for the cluster's"
            )
        slots, parallelism = cluster["slots-total"], flags.value("parallelism") or "1"
        if not parallelism.isdecimal() or not 1 <= int(parallelism) <= slots:
            raise InputError(
                f"beam_options: found --parallelism={parallelism}, must be a whole number from 1 up to {slots}, the"
                f" task slots of {master}"
            )

    def complete(self, flags: Flags) -> Flags:
        master = self._master(flags)
        slots = len(os.sched_getaffinity(0)) if master in _EMBEDDED else _overview(master)["slots-total"]
        flags = flags.with_default("flink_master", master).with_default("parallelism", str(slots))
        return self.with_own_workers(flags) if flags.value("environment_type") in (None, "PROCESS") else flags

    def is_here(self, flags: Flags) -> bool:
        master = self._master(flags)
        return super().is_here(flags) and (master in _EMBEDDED or is_here(master))

    @staticmethod
    def _master(flags: Flags) -> str:
        return flags.value("flink_master") or "[local]"

    @staticmethod
    def _version(flags: Flags) -> str:
        return flags.value("flink_version") or _FLINK_VERSION

    def _check_job_server(self, flags: Flags) -> None:
        artifact = JOB_SERVER.format(version=self._version(flags))
        how = (
            f"`mvn dependency:copy -Dartifact={artifact} -DoutputDirectory=FOLDER` fetches Beam's job server, and"
            f" --flink_job_server_jar=FOLDER/{artifact.split(':')[1]}-2.72.0.jar names it (nothing is downloaded"
            " unasked)"
        )
        if not (jar := flags.value("flink_job_server_jar")):
            raise InputError(f"beam_options: FlinkRunner needs Beam's job server: {how}")
        check_program("flink_job_server_jar", jar, how)
        java = flags.value("job_server_java_launcher") or "java"
        if not shutil.which(java):
            raise InputError(
                f"beam_options: there is no program {java!r}, which runs Beam's job server; install Java 11 or 17, or"
                " name it with --job_server_java_launcher"
            )


def _overview(master: str) -> dict[str, Any]:
    """What a cluster says of itself.

    Raises:
        InputError: if none answers.
    """
    url = master if "//" in master else f"http://{master}"
    try:
        with urlopen(f"{url}/overview", timeout=_PATIENCE) as answer:
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
