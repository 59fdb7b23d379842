"""The command line of the entries: what is set, in which order of precedence, and what is refused."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from components.errors import InputError
from components.parameters import parameter
from pipelines import cli

PROJECT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Recipes:
    recipe: str = parameter("", "a recipe")


@dataclass(frozen=True)
class Model:
    units: int = parameter(512, "size of the states", minimum=1, maximum=4096)
    dropout: float = parameter(0.2, "share dropped, 100 % is too much", minimum=0, maximum=0.9)
    attention: str = parameter("luong", "what the decoder sees", choices=("none", "luong"))
    tied: bool = parameter(False, "one matrix for both")
    corpus: str = parameter("sample", "the corpus")


@pytest.fixture
def recipes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "recipes"
    folder.mkdir()
    monkeypatch.setattr(cli, "RECIPES", folder)
    (folder / "small.toml").write_text('units = 64\ndropout = 0.0\ntied = true\nattention = "none"\n')
    (folder / "wrong.toml").write_text("unit = 64\n")
    (folder / "invalid.toml").write_text("units = 0\n")
    (tmp_path / "outside.toml").touch()
    return folder


def parsed(*argv: str) -> dict[str, Any]:
    return cli.parse(argv, "train", "Trains.", [Recipes, Model])


def test_defaults_and_what_default_stands_for() -> None:
    expected = {"recipe": "", "units": 512, "dropout": 0.2, "attention": "luong", "tied": False, "corpus": "sample"}
    assert parsed() == expected
    assert parsed("--units", "default", "--corpus=default", "--recipe", "default") == expected


def test_set_by_the_user_beats_recipe_beats_default(recipes: Path) -> None:
    values = parsed("--recipe", "small", "--units", "32", "--tied", "no")
    assert (values["units"], values["dropout"], values["attention"], values["tied"]) == (32, 0.0, "none", False)
    assert values["corpus"] == "sample"


def test_values_that_look_like_flags_or_shell(recipes: Path) -> None:
    assert parsed("--corpus", "a 'b' $c {en,fr}; d=e")["corpus"] == "a 'b' $c {en,fr}; d=e"
    assert parsed("--corpus=--parallelism=2 -x")["corpus"] == "--parallelism=2 -x"


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--unit", "3"], "unit: train has no such parameter; did you mean units?"),
        (["--colour", "3"], "colour: train has no such parameter; `python -m pipelines.train --help` lists them"),
        (["--units"], "argument --units: expected one argument"),
        (["--units", "0"], "units: found '0', must be a whole number from 1 up to 4096"),
        (["--units", "4097"], "units: found '4097'"),
        (["--units", "1.5"], "units: found '1.5'"),
        (["--dropout", "nan"], "dropout: found 'nan', must be a number from 0 up to 0.9"),
        (["--tied", "perhaps"], "tied: found 'perhaps', must be true or false"),
        (["--attention", "loung"], "attention: found 'loung', must be one of none, luong"),
        (["--recipe", "large"], "recipe: found 'large', must be one of: invalid, small, wrong"),
        (["--recipe", "../outside"], "recipe: found '../outside', must be one of: invalid, small, wrong"),
        (["--recipe", "wrong"], "recipe wrong.toml: unit is not a parameter; the parameters are recipe, units"),
        (["--recipe", "invalid"], "units: found '0', must be a whole number from 1 up to 4096"),
    ],
)
def test_refusals_name_what_was_found_and_what_would_be_valid(argv: list[str], message: str, recipes: Path) -> None:
    with pytest.raises(InputError) as caught:
        parsed(*argv)
    assert message in str(caught.value)


def test_what_the_entry_gives_itself_is_no_parameter() -> None:
    with pytest.raises(InputError, match="units: workflow has no such parameter"):
        cli.parse(["--units", "3"], "workflow", "Runs.", [Model], without=["units"])


def test_help_shows_defaults_and_choices(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parsed("--help")
    assert caught.value.code == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "size of the states [default: 512; valid: a whole number from 1 up to 4096]" in printed
    assert "share dropped, 100 % is too much [default: 0.2; valid: a number from 0 up to 0.9]" in printed
    assert "[default: luong; valid: one of none, luong]" in printed
    assert "[default: not set; valid: a text]" in printed


def test_refusal_is_one_line_and_exit_code_2() -> None:
    code = """
from components.errors import InputError
from pipelines import cli
def main(argv):
    raise InputError("corpus: two\\nlines")
cli.run(main)
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT)
    assert (result.returncode, result.stdout, result.stderr) == (2, "", "error: corpus: two lines\n")


def test_what_is_taken_apart_at_the_end_says_nothing() -> None:
    code = """
from pipelines import cli
class Untidy:
    def __del__(self):
        raise TypeError("too late")
cli.run(lambda argv: print("done"))
Untidy()
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT)
    assert (result.returncode, result.stdout, result.stderr) == (0, "done\n", "")


def test_a_value_may_begin_with_a_dash() -> None:
    values = cli.parse(["--corpus", "--flink_master=local", "--units", "64"], "train", "Trains.", [Model])
    assert (values["corpus"], values["units"]) == ("--flink_master=local", 64)
