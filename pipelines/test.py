"""The entry ``test``: the test suite. It never touches the user's tracking store (see ``tests/conftest.py``)."""

import os
import sys
from dataclasses import dataclass

import pytest

from components.code import PROJECT
from components.parameters import parameter, select
from pipelines import cli

# A process that has imported TensorFlow, Beam and MLflow holds 1.5 GB; more than four are of little use, because some
# files of tests take minutes by themselves.
MOST_PROCESSES = 4


@dataclass(frozen=True)
class SuiteParameters:
    slow: bool = parameter(False, "the slow tests instead of the others: about an hour on two cores")


PARAMETERS = (SuiteParameters,)


def main(argv: list[str]) -> None:
    """Runs the tests and ends with pytest's exit code.

    Raises:
        SystemExit: always.
    """
    suite = select(SuiteParameters, cli.parse(argv, "test", "Runs the test suite.", PARAMETERS))
    sys.exit(pytest.main([*arguments(suite), "--rootdir", str(PROJECT), str(PROJECT / "tests")]))


def arguments(suite: SuiteParameters) -> list[str]:
    """Those for pytest. Slow tests run one by one: they measure times, and fill the machine by themselves."""
    processes = min(len(os.sched_getaffinity(0)), MOST_PROCESSES)
    if suite.slow:
        return ["-m", "slow"]
    # A file's tests stay together, because they share what the file's fixtures make.
    return ["--numprocesses", str(processes), "--dist", "loadfile", "--no-loadscope-reorder"] if processes > 1 else []


if __name__ == "__main__":
    cli.run(main, label="test")
