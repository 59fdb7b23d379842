"""Programs that slow tests need, and that are built or installed for them: fixtures for all tests."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.corpus.runners.portable import PRISM
from tests.corpus.cloud import Storage, storage

EMULATOR = "github.com/fsouza/fake-gcs-server@v1.56.1"


@pytest.fixture(scope="session")
def prism(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The program Prism: ``PRISM`` names it, else it is built, which takes minutes the first time."""
    if built := os.environ.get("PRISM"):
        return built
    if not shutil.which("go"):
        pytest.skip("needs Prism: set PRISM to the program, or install Go, which builds it")
    folder = tmp_path_factory.mktemp("prism")
    done = subprocess.run(["go", "install", PRISM], env=os.environ | {"GOBIN": str(folder)}, capture_output=True)
    if done.returncode:
        pytest.skip(f"needs Prism, which Go could not build: {done.stderr.decode()[-300:]}")
    return str(folder / "prism")


@pytest.fixture(scope="session")
def google_storage(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storage]:
    """The emulator, with a small corpus in its bucket: ``gs://bucket/corpora/corpus.{en,fr}``."""
    if not shutil.which("go"):
        pytest.skip("needs Go, to build the storage emulator")
    folder = Path(pytestconfig.cache.mkdir("storage-emulator"))
    server = folder / "fake-gcs-server"
    if not server.exists():
        subprocess.run(["go", "install", EMULATOR], env={**os.environ, "GOBIN": str(folder)}, check=True)
    with storage(server, tmp_path_factory.mktemp("storage"), "bucket") as running:
        yield running
