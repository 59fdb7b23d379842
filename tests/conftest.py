"""What every test gets: a tracking store of its own, and no trace of the user's."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from filelock import FileLock

# Fixtures of all tests.
from tests.corpus.programs import google_storage, prism  # noqa: F401

PROJECT = Path(__file__).parents[1]
SHARED_DATA = PROJECT.parent / "shared" / "data"

# At once, not in a fixture: `mlflow run . -e test` opens a run in the user's store and passes it on.
for _name in [name for name in os.environ if name.startswith("MLFLOW_")]:
    del os.environ[_name]

# Before TensorFlow and BLAS are imported: processes that test side by side do not fight over the cores.
if "PYTEST_XDIST_WORKER" in os.environ:
    for _name in ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(_name, "1")


@pytest.fixture(scope="session")
def empty_store(pytestconfig: pytest.Config) -> Path:
    """A store without runs. Making one takes seconds and copying it none, so it is kept for the next session."""
    folder = Path(pytestconfig.cache.mkdir("empty-store"))
    store = folder / f"mlflow-{version('mlflow')}.db"
    with FileLock(folder / "lock"):  # Made once, however many processes test side by side.
        if not store.exists():
            partial = folder / f"partial-{os.getpid()}.db"
            code = f"from mlflow import MlflowClient; MlflowClient('sqlite:///{partial}').get_experiment('0')"
            subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
            partial.rename(store)
    return store


def new_store(empty_store: Path, folder: Path) -> str:
    """The URI of a tracking store without runs in a new folder, where its artifacts are kept too."""
    folder.mkdir()
    store = folder / "mlflow.db"
    shutil.copyfile(empty_store, store)
    with sqlite3.connect(store) as connection:
        connection.execute("PRAGMA synchronous = OFF")  # Each test does this: none need wait for the disk.
        connection.execute("UPDATE experiments SET artifact_location = ?", [str(folder / "artifacts")])
    connection.close()
    return f"sqlite:///{store}"


@pytest.fixture(autouse=True)
def tracking_uri(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The test's own tracking store, with its artifacts, in a temporary folder; ``MLFLOW_TRACKING_URI`` names it."""
    uri = new_store(empty_store, tmp_path / "tracking")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    yield uri
    forget_store()


def forget_store() -> None:
    """MLflow closes what runs, and looks at the environment again for its store."""
    if mlflow := sys.modules.get("mlflow"):
        while mlflow.active_run():
            mlflow.end_run()
        mlflow.set_tracking_uri(None)
        mlflow.set_registry_uri(None)


@pytest.fixture(scope="session")
def echo_exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(SavedModel, codec folder) of a search that gives each sentence back; see ``tests.serving.echo``."""
    from tests.serving.echo import save_echo  # TensorFlow, which few tests need.

    return save_echo(tmp_path_factory.mktemp("echo"))


@pytest.fixture(scope="session")
def echo_packaged(echo_exported: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an MLflow model that echoes."""
    from components.serving.package import package_translator
    from components.serving.translator import TranslatorSettings
    from tests.serving.echo import CONFIDENCE

    settings = TranslatorSettings(scores=True, confidence=CONFIDENCE)
    return package_translator(*echo_exported, tmp_path_factory.mktemp("echo-model") / "packaged", settings)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real corpora beside the repository."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"needs the real corpora in {SHARED_DATA.relative_to(PROJECT.parent)}, beside the repository")
    return SHARED_DATA
