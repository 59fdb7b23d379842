"""`score` as a user starts it, with a model that echoes: -1 for each word that the source has there, -10 for others."""

import json
from pathlib import Path

import pytest

from components.errors import InputError
from components.serving.package import package_translator
from pipelines import score


@pytest.fixture(scope="module")
def model(echo_packaged: Path) -> str:
    return str(echo_packaged)


def test_pairs_are_printed_with_their_scores(model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "pairs.tsv"
    source.write_text("One two.\tOne two.\nYes!\tNo!\nalone\n" + "one " * 60 + "\tYes!\n")
    score.main(["--model", model, "--input", str(source)])
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert lines[:2] == ["One two.\tOne two.\t-4.0000\t-1.0000", "Yes!\tNo!\t-12.0000\t-4.0000"]
    # What is too long stays, without scores; what is no pair is only told.
    assert lines[2:] == ["one " * 60 + "\tYes!\t\t"]
    assert printed.err.splitlines()[-2:] == [
        "line 3: has 1 column, must have 2: text, translation",
        "line 4: the source has 61 tokens, must have at most 50",
    ]


def test_pairs_in_a_file_get_fields(model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = tmp_path / "pairs.jsonl", tmp_path / "scored.jsonl"
    source.write_text('{"en": "Yes!", "translation": "No!", "id": 7}\n')
    score.main(["--model", model, "--input", str(source), "--output", str(target)])
    found = json.loads(target.read_text())
    assert (found["id"], found["score"], found["token_scores"]) == (7, -12.0, [-10.0, -1.0, -1.0])
    assert "1 rows of" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "content", "arguments", "message"),
    [
        (
            "one.tsv",
            "a\nb\n",
            "",
            "input: none of the 2 rows can be scored; line 1 has 1 column, must have 2: text, tr",
        ),
        (
            "one.jsonl",
            '{"text": "a"}\n',
            "",
            "input: none of the 1 rows can be scored; line 1 has no field translation",
        ),
        ("one.txt", "a\n", "", "input: found PATH, a line a text; to score, must be .jsonl, .tsv, .parquet"),
        ("one.parquet", "", "", "output: is not set, but a Parquet file cannot be printed"),
        ("", "", "", "input: is not set, must be a file of pairs"),
        ("one.tsv", "a\tb\n", "--model /nowhere", "model: found '/nowhere', which is no folder"),
    ],
)
def test_what_cannot_be_scored_is_one_line(
    name: str, content: str, arguments: str, message: str, model: str, tmp_path: Path
) -> None:
    given = ["--model", model]
    if name:
        (tmp_path / name).write_text(content)
        given += ["--input", str(tmp_path / name)]
    with pytest.raises(InputError) as refusal:
        score.main([*given, *arguments.split()])
    assert str(refusal.value).replace(str(tmp_path / name), "PATH").startswith(message)
    assert {path.name for path in tmp_path.iterdir()} <= {name, "tracking"}


def test_a_model_that_was_packaged_before_models_scored(echo_exported: tuple[Path, Path], tmp_path: Path) -> None:
    earlier = package_translator(*echo_exported, tmp_path / "earlier")
    (tmp_path / "pairs.tsv").write_text("a\tb\n")
    with pytest.raises(
        InputError, match="model: it was packaged before models could score translations; train it again"
    ):
        score.main(["--model", str(earlier), "--input", str(tmp_path / "pairs.tsv")])
