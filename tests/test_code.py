"""The digest of the code that a step runs: what it covers, and what leaves it alone."""

from pathlib import Path

import pytest

from components.code import code_digest, rooms_of


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """`pipelines.train` uses the room model, which uses text, within a function; nobody uses corpus."""
    files = {
        "pipelines/__init__.py": "",
        "pipelines/train.py": "from components.model import lstm\nfrom components.tracking import step_run\n",
        "components/__init__.py": "",
        "components/errors.py": "class InputError(Exception): ...\n",
        "components/model/__init__.py": "",
        "components/model/lstm.py": "def f():\n    from components.text.codec import Codec\n",
        "components/model/other.py": "import components.errors\nx = 1\n",
        "components/text/__init__.py": "",
        "components/text/codec.py": "class Codec: ...\n",
        "components/text/words.txt": "a\n",
        "components/corpus/__init__.py": "",
        "components/tracking/__init__.py": "from components.corpus import x\n",
        "README.md": "# Title\n",
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    return tmp_path


def test_rooms_are_found_on_the_way_from_the_entry(project: Path) -> None:
    assert rooms_of("pipelines.train", project) == {"model", "text"}


def test_rooms_of_the_real_entries() -> None:
    assert {"corpus", "dataset", "text"} <= rooms_of("pipelines.prepare")
    assert not {"model", "training"} & rooms_of("pipelines.prepare")
    assert {"model", "training", "dataset", "text", "serving"} <= rooms_of("pipelines.train")
    assert not {"corpus", "evaluation"} & rooms_of("pipelines.train")


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("components/model/other.py", "x = 1", "x = 2"),
        ("components/text/words.txt", "a", "b"),
        ("components/text/codec.py", "...", "pass"),
        ("pipelines/train.py", "from components.model", "import components.errors\nfrom components.model"),
    ],
)
def test_change_in_a_room_that_is_used_counts(project: Path, name: str, old: str, new: str) -> None:
    before = code_digest("pipelines.train", project)
    path = project / name
    path.write_text(path.read_text().replace(old, new))
    assert code_digest("pipelines.train", project) != before


def test_new_file_in_a_room_counts(project: Path) -> None:
    before = code_digest("pipelines.train", project)
    (project / "components/model/new.py").touch()
    assert code_digest("pipelines.train", project) != before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("README.md", "Title", "Other"),
        ("components/corpus/__init__.py", "", "x = 1\n"),
        ("components/tracking/__init__.py", "from", "# Recorded.\nx = 2\nfrom"),
        ("components/model/other.py", "x = 1", "# A comment.\nx   =   1"),
        ("components/model/lstm.py", "def f():", '"""What it is for."""\ndef f():\n    """What it does."""'),
    ],
)
def test_change_elsewhere_or_in_comments_does_not(project: Path, name: str, old: str, new: str) -> None:
    before = code_digest("pipelines.train", project)
    path = project / name
    path.write_text(path.read_text().replace(old, new, 1))
    assert code_digest("pipelines.train", project) == before
