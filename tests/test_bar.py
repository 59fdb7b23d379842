"""Progress: a log gets a line now and then, never a carriage return."""

import sys

import pytest
from tqdm import tqdm

from components import bar as bar_module
from components.bar import bar


def test_a_log_gets_lines(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bar_module, "LOG_PERIOD", 0.0)
    with bar("train", 40, "steps", done=10) as update:
        update(10, "loss 6.245")
        tqdm.write("above")
        update(20, "loss 4")
    logged = capsys.readouterr()
    assert logged.out == "above\n"
    assert "\r" not in logged.err
    first, *_, last = logged.err.splitlines()
    assert first.startswith("train: 20 of 40 steps (50%), 00:00 elapsed, ")
    assert first.endswith(" steps/s, loss 6.245")
    assert last.startswith("train: 40 of 40 steps (100%), ")
    assert last.endswith(", loss 4")


def test_a_log_gets_no_more_than_a_line_in_a_while(capsys: pytest.CaptureFixture[str]) -> None:
    with bar("train", 40, "steps") as update:
        for _ in range(40):
            update(1)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("train: 40 of 40 steps (100%), ")


def test_a_terminal_gets_a_bar(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with bar("train", 40, "steps") as update:
        update(40, "loss 4")
    assert "\rtrain: 100%|" in capsys.readouterr().err
