"""What is refused before any work: input that the output would delete, and names that something else has."""

from pathlib import Path

import pytest

from components.errors import InputError
from components.translation.access import check_access


def check(source: str, target: str) -> None:
    check_access(source, target, "DirectRunner", "")


@pytest.mark.parametrize("name", ["out.jsonl.failed.jsonl", "out.jsonl.parts/part-000000.jsonl", "link"])
@pytest.mark.parametrize("target", ["out.jsonl", "again/out.jsonl"])
def test_an_input_that_the_output_would_delete(
    name: str, target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("again").symlink_to(".")
    Path("out.jsonl.parts").mkdir()
    for file in ("out.jsonl.failed.jsonl", "out.jsonl.parts/part-000000.jsonl", "out.jsonl.parts/lock"):
        Path(file).write_text("{}")
    Path("link").symlink_to("out.jsonl.failed.jsonl")
    with pytest.raises(InputError) as refusal:
        check(name, target)
    assert (
        str(refusal.value) == f"input: {name} is a file that is deleted when {target} is written; must be another one"
    )


@pytest.mark.parametrize(
    "source",
    ["in-00000-of-00001.txt", "in-123456-of-654321.txt", "in.txt.failed.jsonl", "in.txt.parts/key/part-000000"],
)
def test_a_remote_input_that_the_output_would_delete(source: str) -> None:
    with pytest.raises(InputError, match=r"is a file that is deleted when gs://b/in\.txt is written"):
        check(f"gs://b/{source}", "gs://b/in.txt")


@pytest.mark.parametrize("source", ["gs://b/in-0-of-1.txt", "gs://b/a/in-00000-of-00001.txt", "gs://b/in.txt.failed"])
def test_what_only_resembles_it_stays(source: str) -> None:
    check(source, "gs://b/in.txt")


def test_a_foreign_folder_is_not_taken_over(tmp_path: Path) -> None:
    parts, target = tmp_path / "out.parts", str(tmp_path / "out")
    parts.mkdir()
    check("in", target)
    (parts / "precious").touch()
    with pytest.raises(
        InputError, match=r"^output: .*/out cannot be written: the folder .* was not made by an earlier"
    ):
        check("in", target)
    (parts / "plan.json").touch()
    check("in", target)


def test_what_belongs_beside_the_output_has_its_place_taken(tmp_path: Path) -> None:
    (tmp_path / "out.parts").touch()
    with pytest.raises(
        InputError, match=r"^output: .*/out cannot be written: .*/out\.parts is a file, must be a folder"
    ):
        check("in", str(tmp_path / "out"))
    (tmp_path / "two.failed.jsonl").mkdir()
    with pytest.raises(InputError, match=r"^output: .*/two cannot be written: .*/two\.failed\.jsonl is a folder"):
        check("in", str(tmp_path / "two"))
