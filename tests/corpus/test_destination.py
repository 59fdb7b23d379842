"""Datasets and corpora on a remote file system: whole or not at all, and the same as on this machine."""

import gzip
import logging
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from components.corpus import files
from components.corpus.destination import Destination
from components.dataset.folder import find_intact, staged
from components.dataset.manifest import Manifest
from components.errors import InputError
from pipelines import prepare
from pipelines.local_dataset import local_dataset
from tests.corpus.corpora import pairs, write_aligned

URL = "trial://bucket/sets/d"


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[Path]:
    """What ``trial://bucket`` is on this machine."""
    from tests.corpus.trial_files import TrialFileSystem

    TrialFileSystem.root = tmp_path / "remote"
    yield tmp_path / "remote/bucket"
    files._scan.cache_clear()


def run(data_dir: Any, corpus: Any, **parameters: Any) -> None:
    values = {"data_dir": data_dir, "corpus": corpus, "vocab_size": 60, **parameters}
    prepare.main([f"--{name}={value}" for name, value in values.items()])


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def corpus(tmp_path: Path) -> str:
    return write_aligned(tmp_path, [*pairs(200), ("Same", "Same")])


def test_a_remote_dataset_is_that_of_a_local_folder(bucket: Path, corpus: str, tmp_path: Path) -> None:
    run(tmp_path / "local", corpus)
    run(URL, corpus)
    remote = content(bucket / "sets/d")
    assert remote == content(tmp_path / "local")
    assert any(name.startswith("rejected/") for name in remote)
    assert sorted(path.name for path in bucket.parent.rglob("*") if path.name.startswith(".")) == []


def test_a_remote_dataset_is_reused_refused_or_replaced_whole(
    bucket: Path, corpus: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run(URL, corpus, num_shards=3)
    made = (bucket / "sets/d/manifest.json").stat().st_mtime_ns
    run(URL, corpus, num_shards=3)
    assert f"{URL} holds this dataset already" in capsys.readouterr().out
    assert (bucket / "sets/d/manifest.json").stat().st_mtime_ns == made
    with pytest.raises(InputError, match=rf"data_dir: {URL} holds another dataset.*force=prepare"):
        run(URL, corpus, num_shards=1)
    run(URL, corpus, num_shards=1, force="prepare")
    manifest = find_intact(bucket / "sets/d")
    assert manifest
    # Nothing of the old one is left among the new files.
    named = {file for buckets in manifest.splits.values() for bucket in buckets for file in bucket.files}
    assert {name for name in content(bucket / "sets/d") if name.startswith("records/")} == named
    (bucket / "sets/d" / sorted(named)[0]).unlink()
    run(URL, corpus, num_shards=1)  # What is left of the same dataset is replaced.
    assert find_intact(bucket / "sets/d") == manifest


def test_what_a_killed_attempt_left_is_no_dataset_and_never_mixed_in(bucket: Path, corpus: str) -> None:
    run(URL, corpus)
    whole = content(bucket / "sets/d")
    # Killed while it moved its files into place: no manifest yet. Another one, long ago, while its workers wrote.
    (bucket / "sets/d/manifest.json").unlink()
    for stale in ("records/train/bucket-001-006/part-00007-of-00009.tfrecord", ".partial-0123/records/train/x"):
        (bucket / "sets/d" / stale).parent.mkdir(parents=True, exist_ok=True)
        (bucket / "sets/d" / stale).write_bytes(b"stale")
    assert Destination.of(URL).find_intact() is None
    run(URL, corpus)
    assert content(bucket / "sets/d") == whole


def test_a_failure_leaves_the_old_remote_dataset_and_nothing_else(bucket: Path, corpus: str) -> None:
    run(URL, corpus)
    whole = content(bucket / "sets/d")

    def interrupted() -> None:
        with Destination.of(URL).staged() as directory:
            files.write_file(f"{directory.worker_path}/records/x", [b"x"])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert content(bucket / "sets/d") == whole


def test_the_later_of_two_launchers_is_refused(bucket: Path, corpus: str) -> None:
    run(URL, corpus)
    whole = content(bucket / "sets/d")

    def later() -> None:
        with Destination.of(URL).staged() as directory:
            # It has prepared all this, but the other one's end removed what its workers wrote.
            (directory.folder / "manifest.json").write_bytes(whole["manifest.json"])

    with pytest.raises(InputError, match=f"another process has put a dataset into {URL}"):
        later()
    assert content(bucket / "sets/d") == whole


def test_a_run_fails_whose_dataset_cannot_be_put_in_its_place(
    bucket: Path, corpus: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError("No space left on device")

    from tests.corpus.trial_files import TrialFileSystem

    monkeypatch.setattr(TrialFileSystem, "rename", refused)
    with pytest.raises(InputError, match=f"data_dir: {URL} cannot be accessed: .*No space left"):
        run(URL, corpus)
    (attempt,) = MlflowClient().search_runs(["0"])
    assert attempt.info.status == "FAILED"
    assert "No space left" in attempt.data.tags["failure"]


def test_foreign_remote_files_are_never_replaced(bucket: Path, corpus: str) -> None:
    (bucket / "sets/d").mkdir(parents=True)
    (bucket / "sets/d/thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match=r"no part of a dataset \(thesis\.txt"):
        run(URL, corpus, force="prepare")
    assert content(bucket) == {"sets/d/thesis.txt": b"years of work"}


def test_a_place_that_cannot_be_written_is_refused_before_anything_runs(bucket: Path, corpus: str) -> None:
    bucket.mkdir(parents=True)
    (bucket / "sets").write_text("a file where the folder should be")
    with pytest.raises(InputError, match=f"data_dir: {URL} cannot be accessed: ") as refusal:
        run(URL, corpus)
    assert "\n" not in str(refusal.value)


def test_a_remote_dataset_is_fetched_once_to_be_read(
    bucket: Path, corpus: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=f"data_dir: {URL} holds no prepared dataset"):
        local_dataset(URL)
    run(URL, corpus)
    folder = local_dataset(URL)
    manifest = find_intact(folder)
    assert manifest
    assert folder == Path("data") / manifest.key
    assert f"data_dir: {URL} is read from its copy in {folder}" in capsys.readouterr().out
    remote = content(bucket / "sets/d")
    assert content(folder) == {name: data for name, data in remote.items() if not name.startswith("rejected/")}
    made = (folder / "manifest.json").stat().st_mtime_ns
    assert local_dataset(URL) == folder
    assert (folder / "manifest.json").stat().st_mtime_ns == made
    (folder / "manifest.json").unlink()
    (bucket / "sets/d/vocabulary.en.txt").unlink()
    with pytest.raises(InputError, match=f"data_dir: {URL} holds a damaged dataset"):
        local_dataset(URL)


def test_who_wants_a_remote_dataset_that_is_being_fetched_waits_for_it(
    bucket: Path, corpus: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    run(URL, corpus)
    manifest = Manifest.load(bucket / "sets/d")
    began, waited = threading.Event(), threading.Event()

    class Told(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            waited.set()

    def other() -> None:
        with staged(Path("data") / manifest.key) as partial:
            began.set()
            waited.wait(timeout=10)
            shutil.copytree(bucket / "sets/d", partial, dirs_exist_ok=True)

    told = Told()
    logging.getLogger("components.errors").addHandler(told)
    thread = threading.Thread(target=other)
    thread.start()
    try:
        assert began.wait(timeout=10)
        assert find_intact(local_dataset(URL)) == manifest
        assert "another process is preparing" in caplog.text
        # The other's copy: its own would go without these.
        assert Path("data", manifest.key, "rejected").exists()
    finally:
        waited.set()
        thread.join()
        logging.getLogger("components.errors").removeHandler(told)


def test_a_remote_corpus_is_the_same_corpus(bucket: Path, tmp_path: Path) -> None:
    lines = pairs(300)
    bucket.mkdir(parents=True)
    write_aligned(bucket, lines)
    text = "".join(f"{source}\t{target}\n" for source, target in lines)
    (bucket / "corpus.txt.gz").write_bytes(gzip.compress(text.encode()))
    run(tmp_path / "local", write_aligned(tmp_path, lines))
    for name in ("c*.{en,fr}", "corpus.txt.gz"):
        run(tmp_path / f"of {name}", f"trial://bucket/{name}")
        assert Manifest.load(tmp_path / f"of {name}").fingerprint == Manifest.load(tmp_path / "local").fingerprint


def test_a_changed_remote_corpus_has_another_digest(bucket: Path) -> None:
    bucket.mkdir(parents=True)
    (bucket / "x.tsv").write_text("a\tb\n")
    before = files.file_digest("trial://bucket/x.tsv")
    (bucket / "x.tsv").write_text("a\tc\n")
    assert files.file_digest("trial://bucket/x.tsv") != before


@pytest.mark.parametrize(
    "text", [b"", b"\n", b"a", b"a\n", b"a\nbb\n\nccc", b"0123456789\n" * 9, b"01234567" * 4 + b"\n", b"\xef\xbb\xbf"]
)
def test_a_remote_file_is_scanned_in_parts_as_a_local_one_is_as_a_whole(
    bucket: Path, monkeypatch: pytest.MonkeyPatch, text: bytes
) -> None:
    monkeypatch.setattr(files, "_SCANNED", 8)
    monkeypatch.setattr(files, "STRIDE", 2)
    bucket.mkdir(parents=True)
    (bucket / "x.tsv").write_bytes(text)
    files._scan.cache_clear()
    local, remote = files.scan(str(bucket / "x.tsv")), files.scan("trial://bucket/x.tsv")
    files._scan.cache_clear()
    assert (remote.lines, remote.starts) == (local.lines, local.starts)
