"""The workspace on this machine where the disk is full."""

import re
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from components.errors import InputError
from components.translation.formats import Lines
from components.translation.local_workspace import LocalWorkspace
from components.translation.rows import Part


@contextmanager
def full_disk() -> Iterator[None]:
    """No file may become larger than a byte."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("failures", [[], ["{}"]])
def test_a_full_disk_is_told_in_one_line_and_what_is_finished_stays(failures: list[str], tmp_path: Path) -> None:
    workspace, part = LocalWorkspace(str(tmp_path / "out")), Part(0, 1, 1, 0)
    told = f"^output: {re.escape(workspace.output)} cannot be written: File too large$"
    with full_disk(), pytest.raises(InputError, match=told), workspace.opened("plan"):
        pass
    assert not list(tmp_path.glob("out*"))
    with pytest.raises(InputError, match=told), workspace.opened("plan"):  # noqa: PT012
        with full_disk(), pytest.raises(InputError, match=told), workspace.appearing(workspace.part(part)) as path:
            path.write_text("One.\n")
        with workspace.appearing(workspace.part(part)) as path:
            path.write_text("One.\n")
        with full_disk():
            workspace.publish(Lines(1), [part], failures)
    assert workspace.finished() == {"part-000000"}
    assert sorted(path.name for path in tmp_path.glob("out*")) == ["out.parts"]
