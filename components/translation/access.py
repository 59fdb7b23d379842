"""Whether this process and the workers can read the input and write the output."""

import hashlib
import os
from pathlib import Path

from components.corpus.files import check_file, file_digest, is_remote
from components.corpus.runners import checked_runner
from components.errors import InputError
from components.translation.staging import FAILURES_SUFFIX, LOCK, PLAN, STAGING_SUFFIX, shards_of


def check_access(source: str, target: str, runner: str, beam_options: str) -> bool:
    """Checks runner, input and output before any work is done.

    Returns:
        Whether the workers see the files of this machine.

    Raises:
        InputError: if the runner cannot be started, or its workers cannot read the input or write the output.
    """
    chosen, flags = checked_runner(runner, beam_options)
    if image := chosen.missing_image(flags):
        raise InputError(
            f"beam_options: {image} is not set; to translate, the workers of {runner} need an image that holds"
            " TensorFlow and this project, which components/translation/Dockerfile makes"
        )
    shares_files = chosen.shares_files(flags)
    for name, path, verb in (("input", source, "read"), ("output", target, "write")):
        if not (is_remote(path) or shares_files):
            raise InputError(
                f"{name}: found {path!r}, must be what the workers of {runner} can {verb}, such as gs://BUCKET/FILE"
                f" (files of this machine: {chosen.sharing_rule()})"
            )
    if is_remote(target):
        if set(target) & set("*?["):
            raise InputError(f"output: found {target!r}, must be without wildcards (*, ?, [)")
        same = target == source
    else:
        same = os.path.exists(source) and os.path.exists(target) and os.path.samefile(source, target)
    if same:
        raise InputError(f"output: {target} is the input file, must be another one")
    if _is_overwritten(source, target):
        raise InputError(f"input: {source} is a file that is deleted when {target} is written; must be another one")
    if not is_remote(target):
        _check_writable(Path(target))
    return shares_files


def _is_overwritten(source: str, target: str) -> bool:
    """Whether the input is one of the files beside the output that a run replaces or removes."""
    if is_remote(source) != is_remote(target):
        return False
    if is_remote(target):
        beside = source == target + FAILURES_SUFFIX or source.startswith(f"{target}{STAGING_SUFFIX}/")
        return beside or shards_of(target).fullmatch(source) is not None
    # A symbolic link is lost by its own name, the file behind it by its real one.
    failures, staging = _in_real_folder(target + FAILURES_SUFFIX), os.path.realpath(target + STAGING_SUFFIX)
    names = {_in_real_folder(source), os.path.realpath(source)}
    return any(name == failures or name.startswith(f"{staging}{os.sep}") for name in names)


def _in_real_folder(path: str) -> str:
    folder, name = os.path.split(os.path.abspath(path))
    return os.path.join(os.path.realpath(folder), name)


def _check_writable(output: Path) -> None:
    """Raises InputError if the output cannot be written, or what belongs beside it; writes nothing."""
    folder = output.parent
    failures, staging = (Path(f"{output}{suffix}") for suffix in (FAILURES_SUFFIX, STAGING_SUFFIX))
    staged = set(os.listdir(staging)) if staging.is_dir() else set()
    reasons = (
        (output.is_dir(), "it is a folder"),
        (not folder.is_dir(), f"there is no folder {folder}"),
        (folder.is_dir() and not os.access(folder, os.W_OK), f"the folder {folder} is not writable"),
        (failures.is_dir(), f"{failures} is a folder"),
        (staging.exists() and not staging.is_dir(), f"{staging} is a file, must be a folder or not exist"),
        (
            # A run writes these two first.
            staged and not staged & {PLAN, LOCK},
            f"the folder {staging} was not made by an earlier run, must be empty or not exist",
        ),
    )
    for applies, reason in reasons:
        if applies:
            raise InputError(f"output: {output} cannot be written: {reason}")


def digest_of(source: str) -> str:
    """A digest of the input's content.

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
