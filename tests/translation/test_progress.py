"""The bar of a file, from what is finished."""

import time
from pathlib import Path

import pytest

from components.errors import InputError
from components.translation.local_workspace import LocalWorkspace
from components.translation.progress import progress
from components.translation.rows import Part


class Shaky(LocalWorkspace):
    """The first look of the bar itself fails."""

    period = 0.01
    looks = 0

    def finished(self) -> set[str]:
        self.looks += 1
        if self.looks == 2:
            raise InputError("output: cannot be reached")
        return super().finished()


def test_a_look_that_fails_is_skipped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    workspace, deadline = Shaky(str(tmp_path / "out")), time.monotonic() + 10
    (tmp_path / "out.parts").mkdir()
    with progress(workspace, [Part(0, 1, 2, 0), Part(1, 3, 2, 4)]):
        for index in range(2):
            (tmp_path / f"out.parts/part-00000{index}").touch()
        while workspace.looks < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
    assert "translate: 4 of 4 rows" in capsys.readouterr().err
