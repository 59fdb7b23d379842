"""The staging directory on a full disk of this machine."""

import re
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from components.errors import InputError
from components.serving.options import TranslationOptions
from components.translation.formats import RowRange, format_of
from components.translation.staging import LocalStaging
from components.translation.tasks import Translating


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
def test_a_full_disk_is_reported_in_one_line_and_what_is_finished_stays(failures: list[str], tmp_path: Path) -> None:
    staging, rows = LocalStaging(str(tmp_path / "out")), RowRange(0, 1, 1, 0)
    message = f"^output: {re.escape(staging.output)} cannot be written: File too large$"
    with full_disk(), pytest.raises(InputError, match=message), staging.opened("plan"):
        pass
    assert not list(tmp_path.glob("out*"))
    with pytest.raises(InputError, match=message), staging.opened("plan"):  # noqa: PT012
        with full_disk(), pytest.raises(InputError, match=message), staging.writing(staging.name(rows)) as path:
            path.write_text("One.\n")
        with staging.writing(staging.name(rows)) as path:
            path.write_text("One.\n")
        with full_disk():
            staging.publish(format_of("x", Translating(TranslationOptions()), ("en", "fr")), [rows], failures)
    assert staging.finished() == {"part-000000"}
    assert sorted(path.name for path in tmp_path.glob("out*")) == ["out.parts"]
