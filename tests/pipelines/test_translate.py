"""`translate` as a user starts it, with a model that echoes."""

from pathlib import Path

import pytest

from components.errors import InputError
from components.serving.package import package_translator
from pipelines import translate
from tests.serving.echo import save_echo


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("model")
    return str(package_translator(*save_echo(folder), folder / "packaged"))


def test_a_text(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    translate.main(["--model", model, "--text", "A man rides a bicycle. Yes!"])
    assert capsys.readouterr().out == "A man rides a bicycle. Yes!\n"


def test_alternatives_of_a_text(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    translate.main(["--model", model, "--text", "One two.", "--n_best", "2"])
    assert capsys.readouterr().out == "    0.000  One two.\n   -1.000  One two\n"


def test_a_file_line_by_line(model: str, tmp_path: Path) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    content = "A man rides a bicycle.\n\nYes! Where are my keys?\r\nZebras don’t sleep 🦓.\nno end"
    source.write_bytes(content.encode())
    translate.main(["--model", model, "--input", str(source), "--output", str(target)])
    assert target.read_bytes() == f"{content}\n".encode()


def test_alternatives_of_a_file_are_a_moses_list(model: str, tmp_path: Path) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    source.write_text("One two.\nYes!\n")
    translate.main(["--model", model, "--input", str(source), "--output", str(target), "--n_best", "2"])
    assert target.read_text().splitlines() == [
        "0 ||| One two. ||| 0.0000",
        "0 ||| One two ||| -1.0000",
        "1 ||| Yes! ||| 0.0000",
        "1 ||| Yes ||| -1.0000",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", "text, input: found neither"),
        ("--text x --input y", "text, input: found both"),
        ("--input FILE", "output: is not set, but input is"),
        ("--text x --model /nowhere", "model: found '/nowhere', which is no folder with a packaged model"),
        ("--text x --model models:/nobody@champion", "model: models:/nobody@champion cannot be loaded"),
        ("--text x --model models:/nobody/3", "model: models:/nobody/3 cannot be loaded"),
        ("--text x --model runs:/abc/translator", "model: runs:/abc/translator cannot be loaded"),
        ("--text x --beam_width 3 --n_best 4", "n_best: found 4, must not be above beam_width"),
        ("--text x --beam_width 11", "beam_width: found '11', must be a whole number from 1 up to 10"),
        ("--input nowhere --output x", "input: nowhere cannot be read"),
        ("--input FILE --output nowhere/x", "output: nowhere/x cannot be written"),
        ("--input LATIN --output x", "LATIN line 2 is not UTF-8"),
        ("--input FILE --output x --model .", "model: found '.', which is no folder with a packaged model"),
    ],
)
def test_refusals_are_one_clear_line_and_leave_nothing(
    arguments: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("FILE").write_text("One two.\n")
    Path("LATIN").write_bytes(b"One.\n\xe9t\xe9\n")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(InputError) as refusal:
        translate.main(arguments.split())
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert sorted(tmp_path.iterdir()) == before
