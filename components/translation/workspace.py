"""Where a file's translation grows until it is complete: finished parts stay, and the next run goes on from there."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from components.errors import InputError
from components.translation.rows import Part

# The file beside the output that tells of the rows which are not in it.
FAILURES_SUFFIX = ".failed.jsonl"
_PLAN = "plan.json"


class Workspace:
    """The folder ``OUTPUT.parts`` beside the output.

    A part's translation appears there under its final name only when it is complete; the output appears when all parts
    have. Picklable.
    """

    def __init__(self, output: Path):
        self.output = output
        self.folder = output.with_name(output.name + ".parts")
        self.failures = output.with_name(output.name + FAILURES_SUFFIX)

    def part(self, part: Part) -> Path:
        return self.folder / f"part-{part.index:06d}{self.output.suffix}"

    def part_failures(self, part: Part) -> Path:
        return self.folder / f"part-{part.index:06d}{FAILURES_SUFFIX}"

    def missing(self, parts: Sequence[Part]) -> list[Part]:
        """The parts that are not finished."""
        return [part for part in parts if not self.part(part).exists()]

    @contextmanager
    def opened(self, plan: dict[str, Any]) -> Iterator[None]:
        """Holds the folder for this run alone; empties it first if it was made by another plan.

        Args:
            plan: everything that decides what is written: input, model, options.

        Raises:
            InputError: if the folder cannot be made, or if another run holds it.
        """
        try:
            self.folder.mkdir(exist_ok=True)
            with FileLock(self.folder / "lock", timeout=0):
                self._begin(json.dumps(plan, indent=2, sort_keys=True))
                yield
        except Timeout:
            raise InputError(f"output: another run is writing {self.output}") from None
        except InputError:
            if not any(self.folder.glob("part-*")):
                self.remove()
            raise

    def _begin(self, plan: str) -> None:
        path = self.folder / _PLAN
        if path.exists() and path.read_text(encoding="utf-8") == plan:
            return
        for entry in self.folder.glob("part-*"):
            entry.unlink()
        path.write_text(plan, encoding="utf-8")

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def appearing(path: Path) -> Iterator[Path]:
    """A name to write to; the file gets the name ``path`` only when the block ends without an exception."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield partial
        with open(partial, "rb") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


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


def digest_of(path: Path) -> str:
    """sha256 of the file's content.

    Raises:
        InputError: if it cannot be read.
    """
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"input: {path} cannot be read: {error.strerror}") from None


def plan_of(digest: str, model: str, options: Any, parts: Sequence[Part]) -> dict[str, Any]:
    """What decides the content of the output, and how it is cut into parts."""
    return {"input": digest, "model": model, "options": asdict(options), "rows_a_part": [part.rows for part in parts]}
