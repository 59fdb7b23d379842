"""Whole files through Beam's RunInference and a real SavedModel that echoes."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from components.errors import InputError
from components.serving.options import TranslationOptions
from components.serving.translator import TranslatorSettings
from components.translation import file as file_module
from components.translation.file import FileReport, run_file
from components.translation.formats import RowRange
from components.translation.staging import LocalStaging
from components.translation.tasks import Translating

TASK = Translating(TranslationOptions(beam_width=1))
PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def model(echo_packaged: Path) -> str:
    return str(echo_packaged)


def translate(source: Path, target: Path, model: str, beam_options: str = "") -> FileReport:
    return run_file(str(source), str(target), model, TASK, "DirectRunner", beam_options)


def test_order_is_kept_over_many_ranges(model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_module, "RANGE_ROWS", 10)
    source, target = tmp_path / "in", tmp_path / "out"
    lines = ["One two.", "", "A man rides a bicycle. Yes!", *(f"zebra{number}" for number in range(100)), "no end"]
    source.write_text("\n".join(lines))
    report = translate(source, target, model)
    assert target.read_text() == "\n".join(lines) + "\n"
    assert (report.rows, report.resumed, report.failures, report.model) == (104, 0, 0, "packaged")
    assert not list(tmp_path.glob("out.*"))


def test_lines_that_fail_go_to_a_file_of_their_own(model: str, tmp_path: Path) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    source.write_bytes(b"One.\n\xe9t\xe9\nTwo.\n")
    report = translate(source, target, model)
    assert target.read_text() == "One.\n\nTwo.\n"
    assert report.failures == 1
    assert json.loads(Path(report.failures_file).read_text()) == {
        "line": 2,
        "reason": "is not UTF-8 (byte 0xe9 at 1)",
        "content": "�t�",
    }


def test_what_has_too_little_confidence_is_left_out_and_says_so(model: str, tmp_path: Path) -> None:
    task = Translating(TranslationOptions(beam_width=1, min_confidence=0.95))
    lines = {".jsonl": '{"text": "Yes!"}\n{"text": "12:30"}\n', ".tsv": "Yes!\n12:30\n", ".txt": "Yes!\n12:30\n"}
    for ending, content in lines.items():
        source, target = tmp_path / f"in{ending}", tmp_path / f"out{ending}"
        source.write_text(content)
        report = run_file(str(source), str(target), model, task, "DirectRunner", "")
        assert report.failures == 1
        failure = json.loads(Path(report.failures_file).read_text())
        assert (failure["line"], failure["reason"][:25]) == (1, "the confidence is 0.9000,")
    first, second = map(json.loads, (tmp_path / "out.jsonl").read_text().splitlines())
    assert (first["translation"], first["confidence"]) == (None, pytest.approx(0.9))
    assert first["warning"].startswith("left out: the confidence is 0.9000, below min_confidence")
    assert second == {"text": "12:30", "translation": "12:30", "confidence": 1.0, "warning": None}
    assert (tmp_path / "out.tsv").read_text() == "Yes!\t\t0.9000\n12:30\t12:30\t1.0000\n"
    assert (tmp_path / "out.txt").read_text() == "\n12:30\n"


def test_a_file_of_which_nothing_can_be_translated_is_refused(model: str, tmp_path: Path) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    source.write_bytes("Où ?\nLà.\n".encode("latin-1"))
    with pytest.raises(InputError, match=r"none of the 2 rows can be translated; line 1 is not UTF-8"):
        translate(source, target, model)
    assert not list(tmp_path.glob("out*"))


def test_finished_ranges_are_not_translated_again(model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_module, "RANGE_ROWS", 2)
    source, target = tmp_path / "in", tmp_path / "out"
    source.write_text("One.\nTwo.\nThree.\n")

    def unplugged(*_: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):  # noqa: PT012
        patched.setattr(file_module, "_failures", unplugged)
        translate(source, target, model)
    assert not target.exists()
    (part, _) = sorted((tmp_path / "out.parts").glob("part-*"))
    part.write_text("ONE.\nTWO.\n")  # Lost if it is translated again.
    (tmp_path / "out.parts" / "part-000001").unlink()
    report = translate(source, target, model)
    assert target.read_text() == "ONE.\nTWO.\nThree.\n"
    assert (report.rows, report.resumed) == (3, 2)


def test_ranges_of_another_input_are_not_taken(model: str, tmp_path: Path) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    parts = tmp_path / "out.parts"
    parts.mkdir()
    (parts / "plan.json").write_text('{"input": "another"}')
    (parts / "part-000000").write_text("Other.\n")
    source.write_text("One.\n")
    assert translate(source, target, model).resumed == 0
    assert target.read_text() == "One.\n"


def test_ranges_of_another_model_are_not_taken_though_it_has_the_same_name(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target, folder = tmp_path / "in", tmp_path / "out", tmp_path / "packaged"
    shutil.copytree(model, folder)
    source.write_text("One.\n")

    def unplugged(*_: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):  # noqa: PT012
        patched.setattr(file_module, "_failures", unplugged)
        translate(source, target, str(folder))
    assert list((tmp_path / "out.parts").glob("part-*"))
    TranslatorSettings(max_source_length=9).save(folder / "artifacts/codec")
    assert translate(source, target, str(folder)).resumed == 0


def test_two_runs_do_not_write_the_same_output(model: str, tmp_path: Path) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    source.write_text("One.\n")
    (tmp_path / "out.parts").mkdir()
    with FileLock(tmp_path / "out.parts" / "lock"), pytest.raises(InputError, match="another run is writing"):
        translate(source, target, model)


def test_the_staging_directory_is_held_until_it_is_removed(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target, removed = tmp_path / "in", tmp_path / "out", []
    remove = LocalStaging.remove

    def while_held(staging: LocalStaging) -> None:
        with pytest.raises(Timeout):
            FileLock(tmp_path / "out.parts" / "lock", timeout=0).acquire()
        removed.append(staging.output)
        remove(staging)

    monkeypatch.setattr(LocalStaging, "remove", while_held)
    source.write_text("One.\n")
    translate(source, target, model)
    with pytest.raises(InputError, match="unreadable"), LocalStaging(str(target)).opened("plan"):
        raise InputError("unreadable")
    assert removed == [str(target)] * 2
    assert not list(tmp_path.glob("out.*"))


def test_a_pipe_is_refused(model: str, tmp_path: Path) -> None:
    source = tmp_path / "in"
    os.mkfifo(source)
    with pytest.raises(InputError, match=r"^input: .*/in is no regular file; must be a file$"):
        translate(source, tmp_path / "out", model)


def test_an_option_that_is_none_of_beams(model: str, tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.write_text("One.\n")
    with pytest.raises(InputError, match="beam_options: '--nonsense' is not a Beam option"):
        translate(source, tmp_path / "out", model, "--nonsense")
    assert not list(tmp_path.glob("out*"))


def test_what_the_model_cannot_do_is_refused_before_any_work(model: str, tmp_path: Path) -> None:
    source, options = tmp_path / "in", TranslationOptions(coverage_penalty=0.2)
    source.write_text("One.\n")
    with pytest.raises(InputError, match="must be 0 for this model"):
        run_file(str(source), str(tmp_path / "out"), model, Translating(options), "DirectRunner", "")
    assert not list(tmp_path.glob("out*"))


class Shaky(LocalStaging):
    """The first look of the bar itself fails."""

    period = 0.01
    looks = 0

    def finished(self) -> set[str]:
        self.looks += 1
        if self.looks == 2:
            raise InputError("output: cannot be accessed")
        return super().finished()


def test_a_look_that_fails_is_skipped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    staging, deadline = Shaky(str(tmp_path / "out")), time.monotonic() + 10
    (tmp_path / "out.parts").mkdir()
    with file_module._progress(staging, [RowRange(0, 1, 2, 0), RowRange(1, 3, 2, 4)], TASK):
        for index in range(2):
            (tmp_path / f"out.parts/part-00000{index}").touch()
        while staging.looks < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
    assert "translate: 4 of 4 rows" in capsys.readouterr().err


@pytest.mark.slow
def test_killed_and_started_again(model: str, tmp_path: Path) -> None:
    """With `kill -9` somewhere in the middle, the output is complete and each line is there once."""
    source, target = tmp_path / "in", tmp_path / "out"
    lines = [f"zebra{number} runs, and {number} dogs don't." for number in range(40_000)]
    source.write_text("\n".join(lines) + "\n")
    command = [
        sys.executable,
        "-m",
        "pipelines.translate",
        "--model",
        model,
        "--input",
        str(source),
        "--output",
        str(target),
    ]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while len(list(tmp_path.glob("out.parts/part-*"))) < 3:
        time.sleep(0.1)
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not target.exists()
    subprocess.run(command, cwd=PROJECT, check=True, capture_output=True)
    assert target.read_text().splitlines() == lines
