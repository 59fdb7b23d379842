"""The package that remote workers install to translate."""

import zipfile
from pathlib import Path

from components.corpus.worker_package import PROJECT, build_worker_package

ROOMS = ("text", "corpus", "serving", "translation")


def test_the_package_holds_the_rooms_and_asks_for_tensorflow(tmp_path: Path) -> None:
    with zipfile.ZipFile(build_worker_package(tmp_path, "translation")) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
        (metadata,) = (wheel.read(name).decode() for name in wheel.namelist() if name.endswith("/METADATA"))
    expected = [*(PROJECT / "components").glob("*.py")]
    expected += [path for room in ROOMS for path in (PROJECT / "components" / room).rglob("*.py")]
    assert names == {str(path.relative_to(PROJECT)) for path in expected}
    needed = {line.partition(": ")[2] for line in metadata.splitlines() if line.startswith("Requires-Dist: ")}
    pinned = (PROJECT / "requirements.txt").read_text()
    assert all(f"{requirement} " in pinned for requirement in needed)
    assert {requirement.partition("==")[0] for requirement in needed} >= {"tensorflow", "sentencex", "pyarrow"}
    assert not [requirement for requirement in needed if requirement.startswith("mlflow")]
