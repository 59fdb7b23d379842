"""The entry ``test``: the test suite. It never touches the user's tracking store (see ``tests/conftest.py``)."""

import sys

import pytest

from components.code import PROJECT
from pipelines import cli

PARAMETERS: tuple[type, ...] = ()


def main(argv: list[str]) -> None:
    """Runs the tests and ends with pytest's exit code.

    Raises:
        SystemExit: always.
    """
    cli.parse(argv, "test", "Runs the test suite.", PARAMETERS)
    sys.exit(pytest.main(["--rootdir", str(PROJECT), str(PROJECT / "tests")]))


if __name__ == "__main__":
    cli.run(main, label="test")
