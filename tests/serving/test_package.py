"""The packaged model: what it takes and gives, that the artifact alone is enough, and how it is found."""

import gc
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException
from mlflow.pyfunc import PyFuncModel
from mlflow.pyfunc.scoring_server import invocations

from components.errors import InputError
from components.serving.package import (
    SEARCH_METADATA,
    FoundModel,
    find_model,
    load_model,
    log_translator,
    package_translator,
)
from tests.serving.echo import save_echo

GIVEN = ["A man rides a bicycle.", "", "Yes!\nOne two."]


@pytest.fixture(scope="module")
def model(packaged: Path) -> PyFuncModel:
    return mlflow.pyfunc.load_model(str(packaged))


@pytest.mark.parametrize(
    "given",
    [
        GIVEN,
        pd.Series(GIVEN),
        pd.DataFrame({"sentence": GIVEN}),
    ],
    ids=["list", "series", "data frame"],
)
def test_texts_in_texts_out(model: PyFuncModel, given: Any) -> None:
    assert model.predict(given) == GIVEN


@pytest.mark.parametrize(
    "request_body",
    [
        {"inputs": GIVEN},
        {"instances": GIVEN},
        {"dataframe_split": {"columns": ["text"], "data": [[text] for text in GIVEN]}},
        {"dataframe_records": [{"text": text} for text in GIVEN]},
        {"inputs": GIVEN, "params": {"beam_width": 2, "length_penalty": 0.5}},
    ],
)
def test_scoring_protocol(model: PyFuncModel, request_body: dict[str, Any]) -> None:
    schema = model.metadata.get_input_schema()
    answer = invocations(json.dumps(request_body), "application/json", model, schema)
    assert (answer.status, json.loads(answer.response)) == (200, {"predictions": GIVEN})


def test_given_translations_are_scored(model: PyFuncModel) -> None:
    body = {"inputs": ["One two.\tOne two.", "one " * 13 + "\tYes!"], "params": {"score": True}}
    answer = invocations(json.dumps(body), "application/json", model, model.metadata.get_input_schema())
    scored, too_long = json.loads(answer.response)["predictions"]
    assert scored == {
        "score": -4.0,
        "mean_score": -1.0,
        "tokens": ["one", "two", "￭.", "<eos>"],
        "token_scores": [-1.0] * 4,
    }
    assert (too_long["score"], too_long["warning"]) == (None, "the source has 14 tokens, must have at most 12")
    with pytest.raises(MlflowException, match="text 1: found 0 tabs, must be a source, a tab and its translation"):
        model.predict(["One two."], params={"score": True})


def test_records_when_more_than_a_text_is_asked_for(model: PyFuncModel) -> None:
    params = {"beam_width": 2, "n_best": 2, "return_alignment": True}
    assert model.predict(["One two."], params=params) == [
        {
            "translation": "One two.",
            "score": 0.0,
            "alternatives": [{"translation": "One two.", "score": 0.0}, {"translation": "One two", "score": -1.0}],
            "known_words": 1.0,
            "alignment": [
                {"source": ["one", "two", "￭."], "target": ["one", "two", "￭."], "positions": [0, 1, 2]},
            ],
        }
    ]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"beam_width": 0}, "beam_width: found '0', must be a whole number from 1 up to 10"),
        ({"beam_width": 11}, "beam_width: found '11', must be a whole number from 1 up to 10"),
        ({"length_penalty": -1.0}, "length_penalty: found '-1.0', must be a number from 0 up to 5"),
        ({"length_penalty": float("nan")}, "length_penalty: found 'nan', must be a number from 0 up to 5"),
        ({"beam_width": 2, "n_best": 3}, "n_best: found 3, must not be above beam_width, which is 2"),
    ],
)
def test_parameters_have_bounds(model: PyFuncModel, params: dict[str, Any], message: str) -> None:
    with pytest.raises(MlflowException) as refusal:
        model.predict(["Yes!"], params=params)
    assert str(refusal.value) == message
    assert refusal.value.get_http_status_code() == 400


def test_what_is_no_text_is_refused(model: PyFuncModel) -> None:
    with pytest.raises(MlflowException, match="text 2: found float, must be a string"):
        model.predict(["Yes!", None])


ALONE = """
import json, sys
import mlflow
model = mlflow.pyfunc.load_model(sys.argv[1])
answer = model.predict(["Where are my keys? Yes!"])
foreign = sorted({name.split(".")[0] for name in sys.modules} & {"apache_beam", "tensorflow_addons", "pipelines"})
import components
print(json.dumps({"answer": answer, "foreign": foreign, "code": components.__path__[0]}))
"""


def test_the_artifact_alone_is_enough(packaged: Path, tmp_path: Path) -> None:
    """In a process that neither stands in the checkout nor has it on its path."""
    script = tmp_path / "alone.py"
    script.write_text(ALONE)
    command = [sys.executable, "-I", str(script), str(packaged)]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, env={})
    report = json.loads(ended.stdout.splitlines()[-1])
    assert report == {
        "answer": ["Where are my keys? Yes!"],
        "foreign": [],
        "code": str(packaged / "code" / "components"),
    }


def test_the_server_is_not_packaged(packaged: Path) -> None:
    code = packaged / "code" / "components"
    names = {path.name for path in code.iterdir()} - {"__pycache__"}
    assert names == {"__init__.py", "errors.py", "parameters.py", "serving", "text"}
    assert not [path for path in code.rglob("*.py") if "components.server" in path.read_text(encoding="utf-8")]


def test_an_earlier_package_still_answers(packaged: Path, tmp_path: Path) -> None:
    """Its own code is shadowed by that of the checkout; its ``model.py`` is not."""
    earlier = shutil.copytree(packaged, tmp_path / "model")
    shutil.copy(Path(__file__).with_name("earlier_model.py"), earlier / "model.py")
    model = load_model(str(earlier)).pyfunc
    assert model.predict(GIVEN) == GIVEN
    (record,) = model.predict(["One two."], params={"return_alignment": True, "n_best": 2})
    assert (record["translation"], len(record["alternatives"])) == ("One two.", 2)
    assert record["alignment"][0]["positions"] == [0, 1, 2]


def required(packaged: Path) -> set[str]:
    return {line.split("==")[0] for line in (packaged / "requirements.txt").read_text().split()}


def test_nothing_is_pickled_and_requirements_are_few(packaged: Path) -> None:
    assert not {path.suffix for path in packaged.rglob("*")} & {".pkl", ".pickle"}
    assert required(packaged) == {"mlflow", "numpy", "pandas", "protobuf", "pyarrow", "sentencex", "tensorflow"}


def test_a_model_of_pieces_brings_what_cuts_them(packaged: Path, tmp_path: Path) -> None:
    folder = package_translator(*save_echo(tmp_path, "sentencepiece"), tmp_path / "model")
    assert required(folder) == required(packaged) | {"sentencepiece"}
    assert mlflow.pyfunc.load_model(str(folder)).predict(GIVEN) == GIVEN


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> tuple[tuple[Path, Path], tuple[Path, Path]]:
    """The same model, exported twice by one process: the graphs differ, TensorFlow numbers the functions in them."""
    first, second = (save_echo(tmp_path_factory.mktemp("exported")) for _ in range(2))
    assert (first[0] / "saved_model.pb").read_bytes() != (second[0] / "saved_model.pb").read_bytes()
    return first, second


def logged(exported: tuple[Path, Path], search: str = "") -> FoundModel:
    """As `train` leaves it."""
    with mlflow.start_run():
        return find_model(log_translator(*exported, metadata={SEARCH_METADATA: search} if search else None).model_uri)


def test_two_exports_of_the_same_are_the_same(twice: tuple[tuple[Path, Path], tuple[Path, Path]]) -> None:
    first, second = twice
    digest = logged(first, "code").digest()
    assert logged(second, "code").digest() == digest
    assert logged(second, "other code").digest() != digest
    # Without metadata about what the graph was exported from, the graph's bytes count.
    assert logged(first).digest() == logged(first).digest() != logged(second).digest()


def _longer(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b" ")


@pytest.mark.parametrize(
    "file", ["artifacts/saved_model/variables/variables.data-00000-of-00001", "artifacts/codec/vocabulary.en.txt"]
)
def test_weights_and_codec_count(file: str, twice: tuple[tuple[Path, Path], tuple[Path, Path]], tmp_path: Path) -> None:
    found = logged(twice[0], "code")
    copy = shutil.copytree(found.folder, tmp_path / "copy")
    assert find_model(str(copy)).digest() == found.digest()
    _longer(copy / file)
    assert find_model(str(copy)).digest() != found.digest()


def test_a_download_is_there_as_long_as_it_is_used(
    twice: tuple[tuple[Path, Path], tuple[Path, Path]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = logged(twice[0]).folder
    assert (folder / "MLmodel").is_file(), "not copied"
    (run,) = mlflow.MlflowClient().search_runs(["0"])
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    found = find_model(f"runs:/{run.info.run_id}/translator")
    assert found.folder.is_relative_to(scratch)
    assert (found.folder / "MLmodel").is_file()
    del found
    gc.collect()
    assert list(scratch.iterdir()) == []
    with pytest.raises(InputError, match="cannot be loaded"):
        find_model(f"runs:/{run.info.run_id}/nothing")
    assert list(scratch.iterdir()) == []
