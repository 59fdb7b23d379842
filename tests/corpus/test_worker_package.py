"""The package that remote workers install."""

import ast
import sys
import zipfile
from pathlib import Path

from components.corpus.worker_package import PROJECT, build_worker_package

# What Beam brings along, and what only the launcher imports.
NOT_NEEDED = {"apache_beam", "components", "google", "tensorflow_datasets", "tqdm"}


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
