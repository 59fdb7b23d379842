"""The dataset's folder: whole or not at all, and nothing of the user's is overwritten."""

import fcntl
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from components.dataset.folder import check_replaceable, find_intact, staged
from components.errors import InputError
from tests.dataset.test_manifest import manifest
from tests.text.codecs import learned_codec


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    folder = tmp_path / "dataset"
    learned_codec([("One dog.", "Un chien.")]).save(folder)
    records = folder / manifest().splits["train"][0].files[0]
    records.parent.mkdir(parents=True)
    records.write_bytes(b"123456789")
    manifest().save(folder)
    return folder


def test_what_the_block_writes_takes_the_folder_place(tmp_path: Path) -> None:
    with staged(tmp_path / "a/b/data") as partial:
        (partial / "x").write_text("new")
        assert not (tmp_path / "a/b/data").exists()
    assert (tmp_path / "a/b/data/x").read_text() == "new"
    assert [path.name for path in (tmp_path / "a/b").iterdir()] == ["data"]


def test_an_old_dataset_is_replaced_whole(dataset: Path) -> None:
    with staged(dataset) as partial:
        (partial / "x").write_text("new")
        assert find_intact(dataset)
    assert [path.name for path in dataset.iterdir()] == ["x"]
    assert [path.name for path in dataset.parent.iterdir() if path.name != "tracking"] == ["dataset"]


def test_a_failure_leaves_the_old_dataset_and_nothing_else(dataset: Path) -> None:
    def interrupted() -> None:
        with staged(dataset) as partial:
            (partial / "x").write_text("new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert find_intact(dataset)
    assert [path.name for path in dataset.parent.iterdir() if path.name != "tracking"] == ["dataset"]


def test_what_a_killed_process_left_is_cleared_away(tmp_path: Path) -> None:
    leave(tmp_path / ".data.partial")
    with staged(tmp_path / "data") as partial:
        assert [path.name for path in partial.iterdir()] == [".temporary"]


def leave(folder: Path, seconds: float = 3600.0, marked: bool = True) -> Path:
    """What a killed process left of a dataset so many seconds ago; not marked: what somebody else keeps there."""
    (folder / "records").mkdir(parents=True)
    (folder / "records/thesis.txt").write_text("years of work")
    if marked:
        (folder / ".temporary").write_text("")
    os.utime(folder, (time.time() - seconds,) * 2)
    return folder


def test_what_was_left_of_other_datasets_is_cleared_away_too(tmp_path: Path) -> None:
    abandoned = [leave(tmp_path / ".one.partial"), leave(tmp_path / ".two.old")]
    kept = [leave(tmp_path / ".new.partial", seconds=0.0), leave(tmp_path / "three")]
    with staged(tmp_path / "locked") as partial:
        os.utime(partial, (0, 0))
        with staged(tmp_path / "data"):
            assert all(path.exists() for path in [*kept, partial])
            assert not any(path.exists() for path in abandoned)


def test_what_no_preparation_made_is_never_cleared_away(tmp_path: Path) -> None:
    theirs = [leave(tmp_path / name, marked=False) for name in (".mine.old", ".mine.partial")]
    (tmp_path / ".empty.partial").mkdir()
    os.utime(tmp_path / ".empty.partial", (0, 0))
    with staged(tmp_path / "data"):
        pass
    assert (tmp_path / ".empty.partial").is_dir()
    assert all((path / "records/thesis.txt").read_text() == "years of work" for path in theirs)


@pytest.mark.parametrize("name", [".data.partial", ".data.old"])
def test_somebody_elses_files_in_the_way_are_refused(tmp_path: Path, name: str) -> None:
    theirs = leave(tmp_path / name, marked=False)
    with pytest.raises(InputError, match=rf"data_dir: .*{name} is in the way"), staged(tmp_path / "data"):
        pass
    assert [path.name for path in theirs.rglob("*")] == ["records", "thesis.txt"]
    assert [path.name for path in tmp_path.iterdir() if path.name != "tracking"] == [name]
    theirs.rename(tmp_path / "moved")
    with staged(tmp_path / "data"):
        pass


def test_what_is_cleared_away_is_locked_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or else who begins to make that dataset at this moment would lose what it writes."""
    abandoned, remove, busy = leave(tmp_path / ".one.partial"), shutil.rmtree, []

    def watched(path: Path) -> None:
        lock = os.open(abandoned, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            busy.append(path.name)
        finally:
            os.close(lock)
        remove(path)

    monkeypatch.setattr(shutil, "rmtree", watched)
    with staged(tmp_path / "data"):
        assert busy == ["records", ".one.partial"]


def test_what_a_killed_process_left_of_a_deletion_can_still_be_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(path: Path) -> None:
        raise KeyboardInterrupt

    leave(tmp_path / ".data.partial")
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", killed)
        with pytest.raises(KeyboardInterrupt), staged(tmp_path / "data"):
            pass
    assert (tmp_path / ".data.partial/.temporary").exists()
    with staged(tmp_path / "data"):
        pass


def test_a_process_killed_between_two_renamings_leaves_nothing_for_ever(dataset: Path) -> None:
    (dataset / ".temporary").write_text("")
    check_replaceable(dataset, manifest().key, force=False)
    assert find_intact(dataset)
    dataset.rename(dataset.with_name(".dataset.old"))
    with staged(dataset):
        pass
    assert list(dataset.iterdir()) == []
    assert [path.name for path in dataset.parent.iterdir() if path.name != "tracking"] == ["dataset"]


def test_two_processes_do_not_write_one_dataset(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib\nfrom components.dataset.folder import staged\n"
        "try:\n  with staged(pathlib.Path(sys.argv[1])): pass\nexcept Exception as error: print(error)"
    )
    with staged(tmp_path / "data"):
        other = subprocess.run([sys.executable, "-c", code, tmp_path / "data"], capture_output=True, text=True)
    assert "another process is preparing" in other.stdout


def test_an_intact_dataset_is_found(dataset: Path) -> None:
    assert find_intact(dataset) == manifest()


@pytest.mark.parametrize(
    "loss", ["vocabulary.en.txt", "tokenizer/settings.json", "tokenizer/en.model", "manifest.json", "records"]
)
def test_a_dataset_with_a_file_missing_is_not_intact(dataset: Path, loss: str) -> None:
    path = dataset / (manifest().splits["train"][0].files[0] if loss == "records" else loss)
    path.unlink()
    assert find_intact(dataset) is None


def test_a_shortened_file_is_not_intact(dataset: Path) -> None:
    (dataset / manifest().splits["train"][0].files[0]).write_bytes(b"12345678")
    assert find_intact(dataset) is None


def test_another_dataset_is_replaced_only_by_force(dataset: Path) -> None:
    with pytest.raises(InputError, match=r"data_dir: .*holds another dataset.*force=prepare"):
        check_replaceable(dataset, "other key", force=False)
    check_replaceable(dataset, "other key", force=True)


def test_the_rest_of_an_unknown_dataset_is_replaced_only_by_force(dataset: Path) -> None:
    (dataset / "manifest.json").unlink()
    with pytest.raises(InputError, match="a damaged dataset"):
        check_replaceable(dataset, "k", force=False)
    check_replaceable(dataset, "k", force=True)


def test_the_rest_of_the_same_dataset_is_replaced(dataset: Path) -> None:
    (dataset / "vocabulary.en.txt").unlink()
    check_replaceable(dataset, manifest().key, force=False)
    (dataset / "manifest.json").unlink()
    check_replaceable(dataset.rename(dataset.with_name("k")), "k", force=False)


@pytest.mark.parametrize("force", [False, True])
def test_foreign_files_are_never_replaced(dataset: Path, force: bool) -> None:
    (dataset / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match=r"no part of a dataset \(thesis\.txt"):
        check_replaceable(dataset, "k", force)


def test_new_and_empty_folders_are_fine_and_files_are_not(tmp_path: Path) -> None:
    check_replaceable(tmp_path / "new", "k", force=False)
    (tmp_path / "empty").mkdir()
    check_replaceable(tmp_path / "empty", "k", force=False)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file"):
        check_replaceable(tmp_path / "file", "k", force=False)
