"""Files on a remote file system: read there, written there as shards, by workers that see nothing of this machine."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.corpus.runners.runner import DirectRunner
from components.errors import InputError
from components.serving.options import TranslationOptions
from components.translation import file as file_module
from components.translation.file import FileReport, run_file
from components.translation.pipeline import TranslatorHandler
from components.translation.staging import RemoteStaging
from components.translation.tasks import Translating

TASK = Translating(TranslationOptions(beam_width=1))
LINES = ["One two.", "", "A man rides a bicycle. Yes!", *(f"zebra{number}" for number in range(30)), "no end"]


@pytest.fixture(scope="module")
def model(echo_packaged: Path) -> str:
    return str(echo_packaged)


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What ``trial://bucket`` is on this machine; ranges are of 10 rows."""
    from tests.corpus.trial_files import TrialFileSystem

    TrialFileSystem.root = tmp_path / "remote"
    (tmp_path / "remote/bucket").mkdir(parents=True)
    monkeypatch.setattr(file_module, "RANGE_ROWS", 10)
    return tmp_path / "remote/bucket"


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Makes workers of this process that do not see its files; returns the models that they load."""
    loaded: list[str] = []
    load = TranslatorHandler.load_model

    def noted(handler: TranslatorHandler) -> object:
        loaded.append(handler._model)
        return load(handler)

    monkeypatch.setattr(DirectRunner, "shares_files", lambda runner, flags: False)
    monkeypatch.setattr(TranslatorHandler, "load_model", noted)
    return loaded


def translate(model: str, source: str = "trial://bucket/in", target: str = "trial://bucket/out") -> FileReport:
    return run_file(source, target, model, TASK, "DirectRunner", "")


def written(bucket: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(bucket.rglob("*")) if path.is_file() and path.name != "in"}


def test_shards_hold_the_rows_in_their_order(bucket: Path, blind: list[str], model: str) -> None:
    (bucket / "in").write_text("\n".join(LINES))
    report = translate(model)
    shards = written(bucket)
    assert list(shards) == [f"out-0000{index}-of-00004" for index in range(4)]
    assert b"".join(shards.values()).decode() == "\n".join(LINES) + "\n"
    assert (report.rows, report.output) == (34, "trial://bucket/out-*-of-00004")
    # Staged beside the output, under a name that no other model has, loaded once.
    (staged,) = blind
    assert staged.startswith("trial://bucket/out.parts/")
    assert staged.endswith("/model")
    assert not (bucket / "out.parts").exists() or not any((bucket / "out.parts").rglob("*.*"))


def test_a_model_that_workers_can_see_is_not_staged(bucket: Path, model: str, tmp_path: Path) -> None:
    (bucket / "in").write_text("One.\n")
    assert RemoteStaging("trial://bucket/out", "", shares_files=True).model(Path(model)) == model
    translate(model)
    assert written(bucket) == {"out-00000-of-00001": b"One.\n"}


def test_from_elsewhere_into_one_file_here(bucket: Path, model: str, tmp_path: Path) -> None:
    (bucket / "in").write_text("\n".join(LINES))
    translate(model, target=str(tmp_path / "out"))
    assert (tmp_path / "out").read_text() == "\n".join(LINES) + "\n"


def test_every_format_goes_there(bucket: Path, blind: list[str], model: str) -> None:
    (bucket / "in.jsonl").write_text("".join(json.dumps({"id": row, "en": "One."}) + "\n" for row in range(12)))
    translate(model, "trial://bucket/in.jsonl", "trial://bucket/out.jsonl")
    shards = [(bucket / f"out-0000{index}-of-00002.jsonl").read_text().splitlines() for index in range(2)]
    assert [json.loads(line)["id"] for shard in shards for line in shard] == list(range(12))

    pq.write_table(pa.table({"text": ["One."] * 12}), bucket / "in.parquet")
    translate(model, "trial://bucket/in.parquet", "trial://bucket/out.parquet")
    assert (
        pq.read_table(bucket / "out-00001-of-00002.parquet").to_pylist()
        == [{"text": "One.", "translation": "One."}] * 2
    )


def test_what_an_earlier_run_wrote_there_goes(bucket: Path, blind: list[str], model: str) -> None:
    (bucket / "in").write_bytes(b"\xff\n" + b"One.\n" * 20)
    assert translate(model).failures == 1
    assert "out.failed.jsonl" in written(bucket)
    for foreign in ("out-00000-of-00001.jsonl.bak", "out-and-of-others", "outer-00000-of-00003"):
        (bucket / foreign).write_text("not ours")
    (bucket / "in").write_text("Two.\n")
    translate(model)
    found = written(bucket)
    assert found.pop("out-00000-of-00001") == b"Two.\n"
    assert set(found) == {"out-00000-of-00001.jsonl.bak", "out-and-of-others", "outer-00000-of-00003"}


def test_another_plans_folder_stays(bucket: Path, model: str) -> None:
    (bucket / "in").write_text("One.\n")
    (bucket / "out.parts/another").mkdir(parents=True)
    (bucket / "out.parts/another/part-000000").write_text("Un.\n")
    translate(model)
    assert [str(path.relative_to(bucket)) for path in (bucket / "out.parts").rglob("*") if path.is_file()] == [
        "out.parts/another/part-000000"
    ]


def test_an_earlier_output_of_other_names_goes_when_the_new_one_is_there(
    bucket: Path, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.corpus.trial_files import TrialFileSystem

    (bucket / "in").write_text("One.\n")
    (bucket / "out-00000-of-00001").write_text("of the same name\n")
    (bucket / "out-00000-of-00002").write_text("earlier\n")

    def broken(*_: object) -> None:
        raise OSError("the connection is lost")

    with monkeypatch.context() as patched, pytest.raises(InputError, match="the connection is lost"):  # noqa: PT012
        patched.setattr(TrialFileSystem, "copy", broken)
        translate(model)
    assert list(bucket.glob("out-*")) == [bucket / "out-00000-of-00002"]
    assert translate(model).resumed == 1
    assert (bucket / "out-00000-of-00001").read_text() == "One.\n"
    assert not (bucket / "out-00000-of-00002").exists()


def test_a_run_goes_on_where_one_was_killed(
    bucket: Path, blind: list[str], model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bucket / "in").write_text("\n".join(LINES))

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):  # noqa: PT012
        patched.setattr(RemoteStaging, "publish", killed)
        translate(model)
    assert not list(bucket.glob("out-*"))
    (first, *_, last) = sorted((bucket / "out.parts").rglob("part-*"))
    first.write_text("ONE.\n")  # Lost if it is translated again.
    last.unlink()
    report = translate(model)
    assert (report.rows, report.resumed) == (34, 30)
    assert (bucket / "out-00000-of-00004").read_text() == "ONE.\n"
    assert (bucket / "out-00003-of-00004").read_text().splitlines() == LINES[30:]


def test_refusals_leave_nothing_there(bucket: Path, blind: list[str], model: str) -> None:
    with pytest.raises(InputError, match=r"^input: there is no file trial://bucket/none$"):
        translate(model, "trial://bucket/none")
    (bucket / "in").write_bytes(b"\xff\n")
    with pytest.raises(InputError, match="none of the 1 rows can be translated"):
        translate(model)
    assert written(bucket) == {}


def test_what_cannot_be_written_is_reported_before_the_workers_start(
    bucket: Path, blind: list[str], model: str
) -> None:
    (bucket / "in").write_text("One.\n")
    (bucket / "shut").write_text("a file where a folder is wanted")
    with pytest.raises(InputError, match=r"^output: trial://bucket/shut/out cannot be accessed: "):
        translate(model, target="trial://bucket/shut/out")
    assert blind == []
