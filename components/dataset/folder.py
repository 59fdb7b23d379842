"""The dataset's folder as a whole: it appears complete or not at all, and is not overwritten by accident."""

import fcntl
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from components.dataset.manifest import MANIFEST_FILE, Manifest
from components.errors import BusyError, InputError
from components.text.codec import codec_files

# Stands in every folder that may be deleted: one that is being made, or one whose place another takes.
_MARKER = ".temporary"
_MARKER_TEXT = "This folder is an unfinished or a replaced dataset. It is deleted when the next one is prepared.\n"
# What a dataset consists of, besides the vocabularies. (Who is killed in between leaves the marker in a finished one.)
_PARTS = frozenset({MANIFEST_FILE, MANIFEST_FILE + ".partial", "tokenizer", "records", "heldout", "rejected", _MARKER})
# A marked folder that no process holds, and that none has changed for so many seconds, was left by a killed one.
_ABANDONED_SECONDS = 60.0


def find_intact(folder: Path) -> Manifest | None:
    """The manifest of the dataset in ``folder``, if there is one and every file that it names is there and whole."""
    try:
        manifest = Manifest.load(folder)
    except InputError:
        return None
    return manifest if is_whole(manifest, sizes(folder)) else None


def sizes(folder: Path) -> dict[str, int]:
    """The files below ``folder``: path relative to it → bytes."""
    return {str(path.relative_to(folder)): path.stat().st_size for path in folder.rglob("*") if path.is_file()}


def is_whole(manifest: Manifest, sizes: Mapping[str, int]) -> bool:
    """Whether all files that a dataset needs are among ``sizes`` (path relative to its folder → bytes), and whole."""
    languages = [facts.language for facts in manifest.vocabularies.values()]
    needed = codec_files(languages)
    needed |= {held_out.file for held_out in manifest.heldout.values()}
    buckets = [bucket for buckets in manifest.splits.values() for bucket in buckets]
    needed |= {file for bucket in buckets for file in bucket.files}
    return needed <= sizes.keys() and all(
        sum(sizes[file] for file in bucket.files) == bucket.bytes for bucket in buckets
    )


def check_replaceable(folder: Path, key: str, force: bool) -> None:
    """Looks whether the dataset with this key may be put in the place of ``folder``.

    What is left of the same dataset, damaged, may always be replaced: a folder is known to be its own by the manifest,
    or by being named after the key.

    Raises:
        InputError: if it holds another dataset, or what may be the rest of another, and ``force`` is not set; if it
            holds anything that is no part of a dataset, or is no folder.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        raise InputError(f"data_dir: {folder} is a file, must be a folder (or not exist yet)")
    try:
        names = {path.name for path in folder.iterdir()}
    except OSError as error:
        raise InputError(f"data_dir: {folder} cannot be read: {error.strerror}") from None
    check_foreign(str(folder), names)
    if names and not force and (_key(folder) or folder.name) != key:
        raise held(str(folder), _key(folder), key)


def check_foreign(place: str, names: Iterable[str]) -> None:
    """Looks whether ``names``, what stands in ``place``, are all parts of a dataset.

    Raises:
        InputError: if not.
    """
    foreign = sorted(name for name in set(names) - _PARTS if not name.startswith("vocabulary."))
    if foreign:
        raise InputError(
            f"data_dir: {place} holds what is no part of a dataset ({', '.join(foreign[:3])}, …); must be a new or"
            " empty folder, or one that holds a prepared dataset"
        )


def held(place: str, found: str | None, key: str) -> InputError:
    """The refusal to replace what ``place`` holds, by the ``found`` key (None: unreadable) and that of the new one."""
    what = "another dataset" if found not in (None, key) else "a damaged dataset"
    return InputError(f"data_dir: {place} holds {what}; choose another folder, or replace it with force=prepare")


def _key(folder: Path) -> str | None:
    try:
        return Manifest.load(folder).key
    except InputError:
        return None


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """A new folder beside ``folder``, which takes its place when the block ends, and vanishes if the block fails.

    A process that is killed leaves the hidden folder ``.NAME.partial`` or ``.NAME.old`` behind; the next one clears it
    away, and those of other datasets beside it. Such a folder holds a marker: without it, nothing is deleted.

    Raises:
        BusyError: if another process is at work on it.
        InputError: if it cannot be made, or if somebody else's files bear one of these two names.
    """
    folder = folder.absolute()
    partial = folder.with_name(f".{folder.name}.partial")
    try:
        partial.mkdir(parents=True, exist_ok=True)
        lock = os.open(partial, os.O_RDONLY)
    except OSError as error:
        raise InputError(f"data_dir: {folder} cannot be written: {error.strerror}") from None
    try:
        if not _locked(lock, partial):
            raise BusyError(f"data_dir: another process is preparing {folder} at this moment")
        old = folder.with_name(f".{folder.name}.old")
        _check_own(partial)
        _clear_abandoned(folder.parent)
        try:
            _check_own(old)
            _mark(partial)
            _clear(partial)
            yield partial
            _replace(folder, partial, old)
        except BaseException:
            with suppress(OSError):
                _discard(partial)
            raise
    finally:
        os.close(lock)


def _locked(lock: int, path: Path) -> bool:
    """Locks the folder itself, so that no lock file stays behind; no if another process holds it, or has moved it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    # Between opening and locking, its owner may have finished and moved it into place.
    return path.exists() and os.path.samestat(os.fstat(lock), path.stat())


def _check_own(path: Path) -> None:
    """Looks whether ``path`` may be used and deleted: it is free, empty, or bears the marker."""
    free = not path.exists() or (path.is_dir() and not any(path.iterdir()))
    if not free and not _is_marked(path):
        raise InputError(
            f"data_dir: {path} is in the way, and was not made by this program (it holds no {_MARKER}); move or remove"
            " it, or choose another folder"
        )


def _mark(path: Path) -> None:
    try:
        (path / _MARKER).write_text(_MARKER_TEXT, encoding="utf-8")
    except OSError as error:
        raise InputError(f"data_dir: {path} cannot be written: {error.strerror}") from None


def _is_marked(path: Path) -> bool:
    return (path / _MARKER).is_file()


def _clear_abandoned(parent: Path) -> None:
    """Removes what killed processes left in ``parent`` while they made datasets that may never be made again."""
    for path in parent.glob(".*"):
        if path.suffix in (".partial", ".old") and path.is_dir() and not path.is_symlink():
            with suppress(OSError):
                _clear_if_abandoned(path)


def _clear_if_abandoned(path: Path) -> None:
    lock = os.open(path, os.O_RDONLY)
    try:
        # Held until everything is deleted: no other process begins to work in it meanwhile.
        if _locked(lock, path) and _is_marked(path) and time.time() - path.stat().st_mtime >= _ABANDONED_SECONDS:
            _discard(path)
    finally:
        os.close(lock)


def _replace(folder: Path, partial: Path, old: Path) -> None:
    if _is_marked(old):
        _discard(old)
    if folder.exists():
        _mark(folder)
        folder.rename(old)
    partial.rename(folder)
    (folder / _MARKER).unlink()
    if _is_marked(old):
        _discard(old)


def _discard(path: Path) -> None:
    """Deletes a marked folder, its marker last: if the process is killed, what is left is still recognized."""
    _clear(path)
    shutil.rmtree(path)


def _clear(path: Path) -> None:
    for entry in path.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name != _MARKER:
            entry.unlink()
