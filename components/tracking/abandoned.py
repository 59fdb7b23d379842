"""Runs whose process ended without a word (`kill -9`, a power cut) and which would seem to be running for ever."""

import os
import platform
from contextlib import suppress

PROCESS_TAG = "host.process"
_REASON = "its process ended without a word"


def this_process() -> str:
    """Names this process on this machine: host, process id, and when it began, since ids are used again."""
    import psutil

    return f"{platform.node()} {os.getpid()} {psutil.Process().create_time():.2f}"


def close_abandoned() -> None:
    """Marks the runs as KILLED that a process of this machine left behind; those of other machines are let be."""
    import mlflow
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    with suppress(MlflowException):
        which = f"attributes.status = 'RUNNING' AND tags.`{PROCESS_TAG}` LIKE '{platform.node()} %'"
        client = MlflowClient()
        for run in mlflow.search_runs(filter_string=which, max_results=100, output_format="list"):
            if not _is_alive(run.data.tags[PROCESS_TAG]):
                client.set_tag(run.info.run_id, "failure", _REASON)
                client.set_terminated(run.info.run_id, "KILLED")


def _is_alive(process: str) -> bool:
    import psutil

    _, number, began = process.rsplit(" ", 2)
    try:
        return f"{psutil.Process(int(number)).create_time():.2f}" == began
    except psutil.NoSuchProcess:
        return False
