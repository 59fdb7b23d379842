"""The digest of the code that a step runs: the same digest, the same result."""

import ast
import functools
import hashlib
from collections.abc import Collection, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

PROJECT = Path(__file__).parents[1]
ROOT = "components"
# They record or show what is done; no result depends on them.
_NOT_COUNTED = frozenset({"tracking", "code", "bar"})
LIBRARIES = ("apache-beam", "numpy", "pyarrow", "sacrebleu", "tensorflow", "tensorflow-addons")


def code_digest(entry: str, project: Path = PROJECT, libraries: Sequence[str] = LIBRARIES) -> str:
    """A digest of the rooms that an entry uses, as they are on disk now, committed or not.

    A room counts as a whole as soon as one of its modules is imported, directly or not: some modules read others as
    files. Of Python files the syntax tree counts, without docstrings: neither they nor comments and formatting matter.

    Args:
        entry: a module such as ``pipelines.train``; itself it counts too.
        project: the folder that holds ``components`` and ``pipelines``.
        libraries: whose versions count.
    """
    rooms = rooms_of(entry, project) - _NOT_COUNTED
    files = [_file(entry, project), *sorted(path for room in rooms for path in _files(project / ROOT, room))]
    digest = hashlib.sha256()
    for path in files:
        assert path is not None, f"there is no module {entry}"
        digest.update(str(path.relative_to(project)).encode() + b"\0" + _content(path) + b"\0")
    for library in libraries:
        digest.update(f"{library}=={version(library)}\0".encode())
    return digest.hexdigest()


def rooms_of(entry: str, project: Path = PROJECT) -> set[str]:
    """The rooms, and the modules directly in ``components``, that ``entry`` imports, directly or not.

    Imports inside functions count; what tracking imports does not.
    """
    found: set[str] = set()
    waiting = [entry]
    while waiting:
        name = waiting.pop()
        path = _file(name, project)
        if name in found or path is None or (_room(name) or "") in _NOT_COUNTED:
            continue
        found.add(name)
        waiting += _imports(path.read_text(encoding="utf-8"))
    return {room for name in found if (room := _room(name))}


def _room(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if parts[0] == ROOT and len(parts) > 1 else None


def _file(module: str, project: Path) -> Path | None:
    """The file of a module of this project; None if there is none, as for a name within a module."""
    path = project.joinpath(*module.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


def _files(components: Path, room: str) -> Iterator[Path]:
    if (components / room).is_dir():
        yield from (p for p in (components / room).rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    else:
        yield (components / room).with_suffix(".py")


# A process asks for several digests of much the same files; parsing them takes a third of a second.
@functools.cache
def _imports(source: str) -> Collection[str]:
    names = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            # What is imported may be a module or a name in one, for which there is no file.
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return [name for name in names if name.startswith(f"{ROOT}.")]


def _content(path: Path) -> bytes:
    return _syntax(path.read_text(encoding="utf-8")) if path.suffix == ".py" else path.read_bytes()


@functools.cache
def _syntax(source: str) -> bytes:
    """The syntax tree, without docstrings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(
            node, clean=False
        ):
            del node.body[0]
    return ast.dump(tree).encode()
