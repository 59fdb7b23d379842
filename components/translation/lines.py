"""Text files, a line at a time: checked before the work begins, written whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from components.errors import InputError


def count_lines(path: Path) -> int:
    """How many lines the file has; the last one may lack its line break.

    Raises:
        InputError: if the file cannot be read, or is not UTF-8; it names the line, from 1.
    """
    lines = 0
    try:
        with open(path, "rb") as file:
            for line in file:
                line.decode("utf-8")
                lines += 1
        return lines
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise InputError(
            f"input: {path} line {lines + 1} is not UTF-8 (byte 0x{byte:02x} at {error.start + 1})"
        ) from None
    except OSError as error:
        raise InputError(f"input: {path} cannot be read: {error.strerror}") from None


def read_lines(path: Path) -> Iterator[str]:
    """The lines without their line breaks; only ``\\n`` ends a line, so that line n here is line n everywhere."""
    with open(path, encoding="utf-8", newline="\n") as file:
        for line in file:
            yield line.removesuffix("\n")


@contextmanager
def written_whole(path: Path) -> Iterator[TextIO]:
    """A file to write that takes its name only when the block ends without an exception.

    Raises:
        InputError: if it cannot be written there.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        if path.is_dir():
            raise IsADirectoryError(0, "it is a folder")
        file = open(partial, "x", encoding="utf-8", newline="\n")  # noqa: SIM115 (its refusal is ours, its body's is not)
    except OSError as error:
        raise InputError(f"output: {path} cannot be written: {error.strerror}") from None
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
