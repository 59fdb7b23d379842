"""Finding a packaged translator: how two are distinguished, and where a download is kept."""

import gc
import shutil
import tempfile
from pathlib import Path

import mlflow
import pytest

from components.errors import InputError
from components.serving.package import SEARCH_METADATA, FoundModel, find_model, log_translator
from tests.serving.echo import save_echo


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
