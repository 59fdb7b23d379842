"""The how-to pages: their code is put into a copy of the project, and their commands do what the pages say.

Blocks of a page: ``python`` is a new file, ``diff`` changes a file; the first line of each names it. Then each ``bash``
is run; a ``text`` holds lines that the block before it prints, among others. Here only its tests are run; the slow test
runs everything else, too.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
PAGES = {page.stem: page for page in sorted((PROJECT / "docs" / "how-to").glob("*.md"))}


def blocks(page: Path) -> Iterator[tuple[str, str]]:
    """(language, content) of the blocks of a page."""
    yield from re.findall(r"^```(\w+)\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def copy_project(folder: Path) -> None:
    # With files that are not added yet: a page may need one that is written at the same time.
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    for name in listed.splitlines():
        if (PROJECT / name).exists() and not name.endswith(".png"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(PROJECT / name, folder / name)


def apply(block: str, language: str, folder: Path) -> Path:
    """Writes what a block says; returns the file."""
    heading, content = block.split("\n", 1)
    path = folder / heading.removeprefix("# ")
    if language == "python":
        assert not path.exists(), f"{path} is there already"
        path.write_text(content, encoding="utf-8")
        return path
    lines = content.splitlines(keepends=True)
    before = "".join(line[1:] for line in lines if line[0] in " -")
    after = "".join(line[1:] for line in lines if line[0] in " +")
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1, f"{path} holds {text.count(before)} times:\n{before}"
    path.write_text(text.replace(before, after), encoding="utf-8")
    return path


def changed_copy(page: Path, folder: Path) -> None:
    copy_project(folder)
    changes = [(language, block) for language, block in blocks(page) if language in ("python", "diff")]
    files = " ".join({str(apply(block, language, folder)) for language, block in changes})
    run(f"ruff format --check {files} && ruff check {files}", folder)


def run(command: str, folder: Path) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    # The empty tracking store of these tests is that of theirs.
    options = f"-o cache_dir={PROJECT / '.pytest_cache'}"
    done = subprocess.run(
        ["bash", "-e", "-c", command],
        cwd=folder,
        env={**os.environ, "PATH": path, "PYTEST_ADDOPTS": options},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}"
    return done.stdout


@pytest.mark.parametrize("name", PAGES)
def test_the_code_of_a_page_passes_its_tests(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    changed_copy(PAGES[name], folder)
    for language, block in blocks(PAGES[name]):
        if language == "bash" and "python -m pytest" in block:
            run(block, folder)


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_a_page_does_what_it_says(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    changed_copy(PAGES[name], folder)
    run("mypy && lint-imports", folder)
    printed = ""
    for language, block in blocks(PAGES[name]):
        if language == "bash":
            printed = run(block, folder)
        elif language == "text":
            for line in block.splitlines():
                assert line in printed, f"{line!r} is not in:\n{printed}"
