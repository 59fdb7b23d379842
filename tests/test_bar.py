"""Progress: a log gets a line now and then, never a carriage return."""

import pytest

from components import bar as bar_module
from components.bar import bar


def test_a_log_gets_lines(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bar_module, "LOG_PERIOD", 0.0)
    with bar("train", 40, "steps", done=10) as update:
        update(10, "loss 6.245")
        monkeypatch.setattr(bar_module, "LOG_PERIOD", 3600.0)
        update(10, "loss 5")
        update(10, "loss 4")
    logged = capsys.readouterr().err
    assert "\r" not in logged
    first, last = logged.splitlines()
    assert first.startswith("train: 20 of 40 steps (50%), 00:00 elapsed, ")
    assert first.endswith(" steps/s, loss 6.245")
    assert last.startswith("train: 40 of 40 steps (100%), ")
    assert last.endswith(", loss 4")
