"""Dataflow, as far as it can be had without the cloud: what is refused, what is sent, and that it runs there.

The slow tests need Go and uv, and the registries behind them. They run real clients of Google's against an emulator of
its storage and a stand-in for its service: see ``cloud``.
"""

import ast
import base64
import bz2
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from components.corpus.runners import RUNNERS, Flags
from components.corpus.runners.dataflow import PROJECT, build_worker_package
from components.dataset.folder import find_intact
from components.dataset.manifest import Manifest
from components.errors import InputError
from tests.corpus.cloud import Cloud, Storage, cloud, launcher
from tests.corpus.corpora import pairs, write_aligned

COMPLETE = "--project=my-project --region=europe-west1 --temp_location=gs://bucket/tmp"
URL = "gs://bucket/sets/d"
# What Beam brings along, and what only the launcher imports.
NOT_NEEDED = {"apache_beam", "components", "google", "tensorflow_datasets", "tqdm"}


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ("", r"beam_options: --project is not set; DataflowRunner needs .*--project=ID"),
        ("--project=p1", r"beam_options: --region is not set; .*--region=europe-west1"),
        ("--project=p1 --region=r", r"beam_options: --temp_location is not set; .*--temp_location=gs://BUCKET/FOLDER"),
        (f"{COMPLETE} --temp_location=/tmp", r"found --temp_location=/tmp, must be gs://BUCKET/FOLDER"),
        (f"{COMPLETE} --staging_location=tmp", r"found --staging_location=tmp, must be gs://BUCKET/FOLDER"),
        (f"{COMPLETE} --template_location=gs://b/t", r"found --template_location, with which no job runs"),
        (f"{COMPLETE} --dry_run=True", r"found --dry_run, with which no job runs"),
        (f"{COMPLETE} --setup_file={PROJECT}/setup.py", r"found --setup_file=.*/setup\.py, must be another"),
    ],
)
def test_what_a_job_lacks_is_told_before_anything_is_sent(flags: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        RUNNERS["DataflowRunner"].check(Flags.parse(flags))


def test_the_workers_package_is_sent_unless_an_image_holds_it() -> None:
    runner = RUNNERS["DataflowRunner"]
    completed = runner.complete(Flags.parse(f"{COMPLETE} --extra_package=mine.whl"))
    assert "--extra_package=mine.whl" in completed.words
    assert Path(completed.value("extra_package") or "").name.startswith("nmt_workflow-")
    assert Path(completed.value("extra_package") or "").is_file()
    with_image = runner.complete(Flags.parse(f"{COMPLETE} --sdk_container_image=gcr.io/p/image"))
    assert with_image.value("extra_package") is None
    assert [runner.missing_image(flags) for flags in (completed, with_image)] == ["--sdk_container_image=IMAGE", ""]
    # Beam's own default on Dataflow would pickle the main module, which no worker can read.
    assert all("--no_save_main_session" in flags.words for flags in (completed, with_image))


def imported(path: Path) -> set[str]:
    """The libraries that a file imports, at any level."""
    modules = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules.add(node.module.split(".")[0])
    return modules - NOT_NEEDED - set(sys.stdlib_module_names)


def test_the_package_holds_what_workers_need_and_no_more(tmp_path: Path) -> None:
    before = sorted(path.name for path in PROJECT.iterdir())
    with zipfile.ZipFile(build_worker_package(tmp_path)) as wheel:
        names = [name for name in wheel.namelist() if ".dist-info/" not in name]
        (metadata,) = (wheel.read(name).decode() for name in wheel.namelist() if name.endswith("/METADATA"))
    rooms = ("text", "dataset", "sample", "corpus")
    expected = [*(PROJECT / "components").glob("*.py")]
    expected += [path for room in rooms for path in (PROJECT / "components" / room).rglob("*.py")]
    assert sorted(names) == sorted(str(path.relative_to(PROJECT)) for path in expected)
    needed = {line.partition(": ")[2] for line in metadata.splitlines() if line.startswith("Requires-Dist: ")}
    libraries = {requirement.partition("==")[0].replace("-", "_") for requirement in needed}
    assert libraries == {name for path in expected if path.parts[-2] != "runners" for name in imported(path)}
    pinned = (PROJECT / "requirements.txt").read_text()
    assert all(f"{requirement} " in pinned for requirement in needed)
    assert not [name for name in needed if name.startswith(("tensorflow", "mlflow"))]
    assert sorted(path.name for path in PROJECT.iterdir()) == before


@pytest.fixture(scope="session")
def worker_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that holds Beam alone, as Dataflow's image does."""
    if not shutil.which("uv"):
        pytest.skip("needs uv, to make an environment")
    folder = tmp_path_factory.mktemp("worker") / "env"
    python = folder / "bin/python"
    subprocess.run(["uv", "venv", "--quiet", "--python", sys.executable, folder], check=True)
    beam = f"apache-beam[gcp]=={version('apache-beam')}"
    subprocess.run(["uv", "pip", "install", "--quiet", "--python", python, beam], check=True)
    return python


@pytest.fixture
def google(google_storage: Storage, worker_python: Path, tmp_path: Path) -> Iterator[Cloud]:
    write_aligned(tmp_path, pairs(400))
    for name in ("corpus.en", "corpus.fr"):
        google_storage.write(f"gs://bucket/corpora/{name}", (tmp_path / name).read_bytes())
    with cloud(google_storage, worker_python, tmp_path) as running:
        yield running
    google_storage.clear()


def start(google: Cloud, **parameters: Any) -> subprocess.Popen[str]:
    values = {"data_dir": URL, "vocab_size": 60, **parameters}
    command = [sys.executable, "-c", launcher("prepare"), *(f"--{name}={value}" for name, value in values.items())]
    return subprocess.Popen(
        command,
        cwd=PROJECT,
        env={**os.environ, **google.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(google: Cloud, **parameters: Any) -> str:
    """Runs ``prepare`` as a program; what it said."""
    with start(google, **parameters) as process:
        out, err = process.communicate()
    assert process.returncode == 0, err
    return out + err


def dataflow(google: Cloud) -> dict[str, Any]:
    return {"runner": "DataflowRunner", "beam_options": f"{COMPLETE} --dataflow_endpoint=http://{google.host}"}


def content(google: Cloud, url: str = URL) -> dict[str, bytes]:
    return {name: google.storage.read(f"{url}/{name}") for name in google.storage.names(f"{url}/")}


@pytest.mark.slow
def test_a_dataset_on_google_storage_is_that_of_a_local_folder(google: Cloud, tmp_path: Path) -> None:
    run(google, corpus=tmp_path / "corpus.{en,fr}", data_dir=tmp_path / "local")
    local = {str(path.relative_to(tmp_path / "local")): path for path in (tmp_path / "local").rglob("*")}
    files = {name: path.read_bytes() for name, path in local.items() if path.is_file()}
    run(google, corpus="gs://bucket/corpora/*.{en,fr}")
    remote = content(google)
    # The manifest names the corpus, and its key is made of its digest, which is another one there.
    manifests = [json.loads(documents.pop("manifest.json")) for documents in (files, remote)]
    assert manifests[0]["fingerprint"] == manifests[1]["fingerprint"]
    assert remote == files

    assert "holds this dataset already" in run(google, corpus="gs://bucket/corpora/*.{en,fr}")
    run(google, corpus="gs://bucket/corpora/*.{en,fr}", num_shards=2, force="prepare")
    assert json.loads(google.storage.read(f"{URL}/manifest.json"))["parameters"]["num_shards"] == 2
    names = google.storage.names(f"{URL}/")
    assert not [name for name in names if name.endswith("-of-00001.tfrecord") and name.startswith("records/train")]

    fetch = f"from pipelines.local_dataset import local_dataset; print(local_dataset('{URL}').resolve())"
    command = [sys.executable, "-c", fetch]
    environment = {**os.environ, **google.environment, "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert find_intact(Path(done.stdout.splitlines()[-1]))


@pytest.mark.slow
def test_killed_while_it_writes_to_google_storage(google: Cloud, tmp_path: Path) -> None:
    corpus = "gs://bucket/corpora/*.{en,fr}"
    run(google, corpus=corpus)
    old = content(google)
    with start(google, corpus=corpus, vocab_size=70, force="prepare") as process:
        while not [name for name in google.storage.names(f"{URL}/") if "/records/" in name]:
            assert process.poll() is None
            time.sleep(0.02)
        process.kill()
        process.communicate()
    left = content(google)
    assert {name: data for name, data in left.items() if not name.startswith(".partial-")} == old
    assert left != old
    run(google, corpus=corpus, vocab_size=70, force="prepare")
    assert json.loads(google.storage.read(f"{URL}/manifest.json"))["parameters"]["vocab_size"] == 70
    assert not [name for name in google.storage.names(f"{URL}/") if name.startswith(".")]


@pytest.mark.slow
def test_a_dataflow_job_is_submitted_and_runs_where_only_the_package_is(google: Cloud, tmp_path: Path) -> None:
    corpus = "sample:300 gs://bucket/corpora/*.{en,fr}"
    run(google, corpus=f"sample:300 {tmp_path}/corpus.{{en,fr}}", data_dir=tmp_path / "local")
    said = run(google, corpus=corpus, **dataflow(google))
    assert "https://console.cloud.google.com/dataflow/jobs/europe-west1/job-0?project=my-project" in said
    local = Manifest.load(tmp_path / "local")
    remote = Manifest.parse(google.storage.read(f"{URL}/manifest.json"), URL)
    assert (remote.fingerprint, remote.counts) == (local.fingerprint, local.counts)
    assert remote.statistics == local.statistics

    (job,) = google.jobs.values()
    assert job["name"].startswith("nmt-en-fr-")
    staged = google.storage.names(google.staging(job) + "/")
    (wheel,) = (name for name in staged if name.endswith(".whl"))
    assert staged == sorted(["extra_packages.txt", wheel, "pipeline.pb"])
    assert wheel in google.packages
    installed = subprocess.run(
        ["uv", "pip", "list", "--python", google.worker_python], capture_output=True, text=True, check=True
    ).stdout
    assert "nmt-workflow" in installed
    assert not re.search("tensorflow|mlflow", installed)

    pipeline = google.storage.read(google.staging(job) + "/pipeline.pb")
    sent = unpacked(pipeline)
    assert not [word for word in (b"__main__", b"pipelines.", str(tmp_path).encode()) if word in sent]
    # The names of the files that code came from are all there is of this machine.
    assert not re.search(re.escape(str(PROJECT).encode()) + rb"/(?!components/[\w/]+\.py)", sent)


def unpacked(pipeline: bytes) -> bytes:
    """What stands in the pipeline, DoFns as they are pickled included."""
    from apache_beam.portability.api import beam_runner_api_pb2

    found = [pipeline]
    for transform in beam_runner_api_pb2.Pipeline.FromString(pipeline).components.transforms.values():
        if transform.spec.urn == "beam:transform:pardo:v1":
            packed = base64.b64decode(beam_runner_api_pb2.ParDoPayload.FromString(transform.spec.payload).do_fn.payload)
            found.append(bz2.decompress(packed) if packed.startswith(b"BZh") else zlib.decompress(packed))
    assert len(found) > 10
    return b"\n".join(found)


@pytest.mark.slow
def test_what_a_dataflow_worker_refuses_is_told_in_one_line(google: Cloud, tmp_path: Path) -> None:
    google.storage.write("gs://bucket/corpora/cut.tsv.gz", b"\x1f\x8b\x08\x00" + b"\0" * 40)
    with start(google, corpus="gs://bucket/corpora/cut.tsv.gz", **dataflow(google)) as process:
        _, err = process.communicate()
    assert process.returncode == 2
    last = err.strip().splitlines()[-1]
    assert re.fullmatch(r"error: corpus: gs://bucket/corpora/cut\.tsv\.gz is a damaged or truncated gzip file .*", last)
    assert google.storage.names(f"{URL}/") == []


@pytest.mark.slow
def test_workers_start_without_tensorflow_and_in_no_time(worker_python: Path, tmp_path: Path) -> None:
    wheel = build_worker_package(tmp_path)
    subprocess.run(["uv", "pip", "install", "--quiet", "--python", worker_python, wheel], check=True)
    code = "import components.corpus.pipeline, components.corpus.sources.formats, sys; print(*sys.modules)"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    seconds = []
    for _ in range(3):
        # Of the processor: others may be at work on this machine.
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [worker_python, "-c", code]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert not {"tensorflow", "mlflow"} & set(done.stdout.split())
    assert min(seconds) < 3
