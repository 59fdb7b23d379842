"""`translate` as a user starts it, with a model that echoes."""

from pathlib import Path

import pytest

from components.errors import InputError
from pipelines import translate

DATAFLOW = "--project=p;--region=r;--temp_location=gs://b/t"


@pytest.fixture(scope="module")
def model(echo_packaged: Path) -> str:
    return str(echo_packaged)


def test_a_text(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    translate.main(["--model", model, "--text", "A man rides a bicycle. Yes!"])
    assert capsys.readouterr().out == "A man rides a bicycle. Yes!\n"


def test_alternatives_of_a_text(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    translate.main(["--model", model, "--text", "One two.", "--n_best", "2"])
    assert capsys.readouterr().out == "    0.000  One two.\n   -1.000  One two\n"


def test_a_file_line_by_line(model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    content = "A man rides a bicycle.\n\nYes! Where are my keys?\r\nZebras don’t sleep 🦓.\nno end"
    source.write_bytes(content.encode())
    translate.main(["--model", model, "--input", str(source), "--output", str(target)])
    # The source is read with one form of each apostrophe.
    assert target.read_bytes() == f"{content}\n".replace("’", "'").encode()
    assert "5 rows of" in capsys.readouterr().out


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
        ("--input nowhere --output x", "input: there is no file nowhere"),
        ("--input . --output x", "input: . is a folder; must be a file"),
        ("--input FILE --output nowhere/x", "output: nowhere/x cannot be written: there is no folder nowhere"),
        ("--input FILE --output FILE", "output: FILE is the input file, must be another one"),
        ("--input FILE --output .", "output: . cannot be written: it is a folder"),
        ("--input FILE --output x.jsonl --model MODEL", "output: x.jsonl must end in something else"),
        ("--input FILE --output x --runner SparkRunner", "runner: found 'SparkRunner', must be one of"),
        ("--input FILE --output x --runner DataflowRunner", "beam_options: --project is not set; DataflowRunner needs"),
        (
            f"--input gs://b/x --output gs://b/y --runner DataflowRunner --beam_options {DATAFLOW}",
            "beam_options: --sdk_container_image=IMAGE is not set; to translate, the workers of DataflowRunner need an",
        ),
        (
            f"--input FILE --output gs://b/x --runner DataflowRunner --beam_options {DATAFLOW};--sdk_container_image=i",
            "input: found 'FILE', must be what the workers of DataflowRunner can read, such as gs://BUCKET/FILE",
        ),
        (
            f"--input gs://b/FILE --output x --runner DataflowRunner --beam_options {DATAFLOW};--sdk_container_image=i",
            "output: found 'x', must be what the workers of DataflowRunner can write, such as gs://BUCKET/FILE",
        ),
        (
            "--input FILE --output x --runner PrismRunner --beam_options --job_endpoint=prism.example:8073",
            "input: found 'FILE', must be what the workers of PrismRunner can read",
        ),
        ("--input FILE --output gs://b/x-*", "output: found 'gs://b/x-*', must be without wildcards"),
        ("--input gs://b/x --output gs://b/x", "output: gs://b/x is the input file, must be another one"),
        ("--input FILE --output x --beam_options --nonsense", "beam_options: '--nonsense' is not a Beam option"),
        ("--input FILE.csv --output x", "input: FILE.csv ends in .csv, which is another format; valid: text (.txt, "),
        ("--input FILE --output x --model .", "model: found '.', which is no folder with a packaged model"),
    ],
)
def test_refusals_are_one_clear_line_and_leave_nothing(
    arguments: str, message: str, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("FILE").write_text("One two.\n")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(InputError) as refusal:
        translate.main([{"MODEL": model}.get(word, word.replace(";", " ")) for word in arguments.split()])
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert sorted(tmp_path.iterdir()) == before


def test_a_tracking_server_that_is_away_is_reported_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with pytest.raises(InputError, match=r"no tracking server answers at http://127\.0\.0\.1:9"):
        translate.main(["--text", "x"])


def test_a_model_that_is_missing_is_reported_with_its_store(tracking_uri: str) -> None:
    with pytest.raises(InputError) as refusal:
        translate.main(["--text", "x"])
    for said in ("models:/nmt-en-fr@champion", tracking_uri, "`./nmt` makes a model", "MLFLOW_TRACKING_URI"):
        assert said in str(refusal.value)
