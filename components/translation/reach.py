"""Whether input and output are where this process and the workers can read and write them."""

import hashlib
import os
from pathlib import Path

from components.corpus.files import check_file, file_digest, is_remote
from components.corpus.runners.flags import Flags
from components.corpus.runners.table import RUNNERS
from components.corpus.startup import import_beam
from components.errors import InputError


def check_reach(source: str, target: str, runner: str, beam_options: str) -> bool:
    """Looks at runner and places before any work is done.

    Returns:
        Whether the workers see the files of this machine.

    Raises:
        InputError: if the runner cannot be started, or its workers cannot get at a place.
    """
    chosen, flags = RUNNERS[runner], Flags.parse(beam_options)
    remote = is_remote(source) or is_remote(target)
    if flags.words or remote:
        import_beam(lean=not (remote or chosen.needs_clouds))
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
    if not is_remote(target):
        check_writable(Path(target))
    return shares_files


def _is_same(source: str, target: str) -> bool:
    return os.path.exists(source) and os.path.exists(target) and os.path.samefile(source, target)


def check_writable(output: Path) -> None:
    """Raises InputError if the output cannot be written; writes nothing."""
    folder = output.parent
    reasons = (
        (output.is_dir(), "it is a folder"),
        (not folder.is_dir(), f"there is no folder {folder}"),
        (folder.is_dir() and not os.access(folder, os.W_OK), f"the folder {folder} is not writable"),
    )
    for applies, reason in reasons:
        if applies:
            raise InputError(f"output: {output} cannot be written: {reason}")


def digest_of(source: str) -> str:
    """A digest of the file's content.

    Raises:
        InputError: if it cannot be read.
    """
    try:
        if is_remote(source):
            check_file(source)
            return file_digest(source)
        with open(source, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"input: {source} cannot be read: {error.strerror}") from None
    except InputError as error:
        raise InputError(f"input: {error}") from None
