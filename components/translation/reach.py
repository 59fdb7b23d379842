"""Whether input and output are where this process and the workers can read and write them."""

import hashlib
import os
from pathlib import Path

from components.corpus.files import check_file, file_digest, is_remote
from components.corpus.runners.flags import Flags
from components.corpus.runners.table import RUNNERS
from components.errors import InputError
from components.translation.remote_workspace import shards_of
from components.translation.workspace import FAILURES_SUFFIX, LOCK, PARTS_SUFFIX, PLAN


def check_reach(source: str, target: str, runner: str, beam_options: str) -> bool:
    """Looks at runner and places before any work is done.

    Returns:
        Whether the workers see the files of this machine.

    Raises:
        InputError: if the runner cannot be started, or its workers cannot get at a place.
    """
    chosen, flags = RUNNERS[runner], Flags.parse(beam_options)
    if flags.words:
        from components.corpus.runners.launch import check_flags

        check_flags(flags)
    chosen.check(flags)
    if image := chosen.wanted_image(flags):
        raise InputError(
            f"beam_options: {image} is not set; to translate, the workers of {runner} need an image that holds"
            " TensorFlow and this project, which components/translation/Dockerfile makes"
        )
    shares_files = chosen.shares_files(flags)
    for name, place, verb in (("input", source, "read"), ("output", target, "write")):
        if not (is_remote(place) or shares_files):
            raise InputError(
                f"{name}: found {place!r}, must be what the workers of {runner} can {verb}, such as gs://BUCKET/FILE"
                f" (files of this machine: {chosen.sharing_rule()})"
            )
    if is_remote(target) and set(target) & set("*?["):
        raise InputError(f"output: found {target!r}, must be without wildcards (*, ?, [)")
    if target == source if is_remote(target) else _is_same(source, target):
        raise InputError(f"output: {target} is the input file, must be another one")
    if _goes_with(source, target):
        raise InputError(f"input: {source} is a file that goes when {target} is written; must be another one")
    if not is_remote(target):
        check_writable(Path(target))
    return shares_files


def _is_same(source: str, target: str) -> bool:
    return os.path.exists(source) and os.path.exists(target) and os.path.samefile(source, target)


def _goes_with(source: str, target: str) -> bool:
    """Whether the input is one of the files beside the output that a run replaces or removes."""
    if is_remote(source) != is_remote(target):
        return False
    if is_remote(target):
        beside = source == target + FAILURES_SUFFIX or source.startswith(f"{target}{PARTS_SUFFIX}/")
        return beside or shards_of(target).fullmatch(source) is not None
    # A link is lost by its own name, what it leads to by its real one.
    failures, parts = _in_real_folder(target + FAILURES_SUFFIX), os.path.realpath(target + PARTS_SUFFIX)
    names = {_in_real_folder(source), os.path.realpath(source)}
    return any(name == failures or name.startswith(f"{parts}{os.sep}") for name in names)


def _in_real_folder(path: str) -> str:
    folder, name = os.path.split(os.path.abspath(path))
    return os.path.join(os.path.realpath(folder), name)


def check_writable(output: Path) -> None:
    """Raises InputError if the output cannot be written, or what belongs beside it; writes nothing."""
    folder = output.parent
    failures, parts = (Path(f"{output}{suffix}") for suffix in (FAILURES_SUFFIX, PARTS_SUFFIX))
    reasons = (
        (output.is_dir(), "it is a folder"),
        (not folder.is_dir(), f"there is no folder {folder}"),
        (folder.is_dir() and not os.access(folder, os.W_OK), f"the folder {folder} is not writable"),
        (failures.is_dir(), f"{failures} is a folder"),
        (parts.exists() and not parts.is_dir(), f"{parts} is a file, must be a folder or not there"),
        (_is_foreign(parts), f"the folder {parts} was not made by an earlier run, must be empty or not there"),
    )
    for applies, reason in reasons:
        if applies:
            raise InputError(f"output: {output} cannot be written: {reason}")


def _is_foreign(folder: Path) -> bool:
    """Whether something is in the folder, but nothing that a run puts there first."""
    names = set(os.listdir(folder)) if folder.is_dir() else set()
    return bool(names) and not names & {PLAN, LOCK}


def digest_of(source: str) -> str:
    """A digest of the file's content.

    Raises:
        InputError: if it cannot be read.
    """
    try:
        check_file(source)
        if is_remote(source):
            return file_digest(source)
        with open(source, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"input: {source} cannot be read: {error.strerror}") from None
    except InputError as error:
        raise InputError(f"input: {error}") from None
