"""The same file by runners that are programs of their own. Slow; they need Go."""

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.serving.options import TranslationOptions
from components.translation.file import run_file
from components.translation.tasks import Translating
from tests.conftest import PROJECT
from tests.corpus.cloud import Cloud, Storage, cloud, launcher

DATAFLOW = "--project=my-project --region=europe-west1 --temp_location=gs://bucket/tmp --sdk_container_image=image"


@pytest.fixture(scope="module")
def model(echo_packaged: Path) -> str:
    return str(echo_packaged)


def lines() -> list[str]:
    """Enough for several ranges, some of which have nothing to translate."""
    words = random.Random(1).choices(["one two", "", "zebra", "A man rides a bicycle. Yes!", "ten"], k=3000)
    return [f"{word} {row}" if row % 3 else word for row, word in enumerate(words)]


@pytest.mark.slow
@pytest.mark.parametrize("environment", ["LOOPBACK", "PROCESS"])
def test_prism_writes_the_same_file(environment: str, prism: str, model: str, tmp_path: Path) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    source.write_bytes("\n".join(lines()).encode() + b"\n\xff\n")
    options = f"--prism_location={prism} --environment_type={environment}"
    report = run_file(
        str(source), str(target), model, Translating(TranslationOptions(beam_width=1)), "PrismRunner", options
    )
    assert target.read_text() == "\n".join(lines()) + "\n\n"
    assert (report.rows, report.failures) == (3001, 1)
    assert sorted(path.name for path in tmp_path.glob("out*")) == ["out", "out.failed.jsonl"]


@pytest.fixture
def google(google_storage: Storage, tmp_path: Path) -> Iterator[Cloud]:
    # What the image holds: the packages of this environment, and `components`.
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PROJECT / "components", tmp_path / "image/components", ignore=ignored)
    never = ("mlflow", "pipelines", "tensorflow_addons")
    with cloud(google_storage, Path(sys.executable), tmp_path / "image", never) as running:
        yield running
    google_storage.clear()


@pytest.mark.slow
def test_a_dataflow_job_translates_where_only_the_image_is(google: Cloud, model: str, tmp_path: Path) -> None:
    google.storage.write("gs://bucket/in.txt", "\n".join(lines()).encode() + b"\n\xff\n")
    options = f"{DATAFLOW} --dataflow_endpoint=http://{google.host}"
    values = {"model": model, "beam_width": 1, "input": "gs://bucket/in.txt", "output": "gs://bucket/to/out.fr"}
    values |= {"runner": "DataflowRunner", "beam_options": options}
    done = subprocess.run(
        [sys.executable, "-c", launcher("translate"), *(f"--{name}={value}" for name, value in values.items())],
        cwd=PROJECT,
        env={**os.environ, **google.environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "3,001 rows of gs://bucket/in.txt → gs://bucket/to/out-*-of-00003.fr by packaged" in done.stdout
    names = google.storage.names("gs://bucket/to/")
    assert names == [*(f"out-0000{index}-of-00003.fr" for index in range(3)), "out.fr.failed.jsonl"]
    written = b"".join(google.storage.read(f"gs://bucket/to/{name}") for name in names[:3])
    assert written.decode() == "\n".join(lines()) + "\n\n"
    assert b"is not UTF-8" in google.storage.read("gs://bucket/to/out.fr.failed.jsonl")
