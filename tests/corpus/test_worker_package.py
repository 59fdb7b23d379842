"""The package that remote workers install."""

import zipfile
from pathlib import Path

from components.corpus.worker_package import PROJECT, build_worker_package


def test_the_package_holds_what_workers_need_and_no_more(tmp_path: Path) -> None:
    before = sorted(path.name for path in PROJECT.iterdir())
    with zipfile.ZipFile(build_worker_package(tmp_path)) as wheel:
        names = [name for name in wheel.namelist() if ".dist-info/" not in name]
        (metadata,) = (wheel.read(name).decode() for name in wheel.namelist() if name.endswith("/METADATA"))
    rooms = ("text", "dataset", "corpus")
    expected = [*(PROJECT / "components").glob("*.py")]
    expected += [path for room in rooms for path in (PROJECT / "components" / room).rglob("*.py")]
    assert sorted(names) == sorted(str(path.relative_to(PROJECT)) for path in expected)
    needed = {line.partition(": ")[2] for line in metadata.splitlines() if line.startswith("Requires-Dist: ")}
    assert {requirement.partition("==")[0] for requirement in needed} >= {"numpy", "pyarrow", "google-crc32c"}
    pinned = (PROJECT / "requirements.txt").read_text()
    assert all(f"{requirement} " in pinned for requirement in needed)
    assert not [name for name in needed if name.startswith(("tensorflow", "mlflow"))]
    assert sorted(path.name for path in PROJECT.iterdir()) == before
