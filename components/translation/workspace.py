"""Where a file's translation grows until it is complete: finished parts stay, and the next run goes on from there."""

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from components.translation.formats import Format, ending_of
from components.translation.rows import Part

# The file beside the output that tells of the rows which are not in it.
FAILURES_SUFFIX = ".failed.jsonl"
# Beside the output too: the folder of its parts.
PARTS_SUFFIX = ".parts"
PLAN, LOCK = "plan.json", "lock"


class Workspace(ABC):
    """A folder beside the output.

    A part's translation appears there under its final name only when it is complete; the output appears when all parts
    have. Picklable.
    """

    # Seconds between two looks at what is finished, where somebody watches.
    period: float

    def __init__(self, output: str):
        self.output = output
        self.failures = output + FAILURES_SUFFIX

    def part(self, part: Part) -> str:
        """The name of a part of the output."""
        return f"part-{part.index:06d}{ending_of(self.output)}"

    def part_failures(self, part: Part) -> str:
        """The name of the file that tells of those rows of a part that failed."""
        return f"part-{part.index:06d}{FAILURES_SUFFIX}"

    def missing(self, parts: Sequence[Part]) -> list[Part]:
        """The parts that are not finished."""
        finished = self.finished()
        return [part for part in parts if self.part(part) not in finished]

    @abstractmethod
    def opened(self, plan: str) -> AbstractContextManager[None]:
        """Holds the folder for this run; what another plan left there is not taken for its own.

        Args:
            plan: everything that decides what is written: input, model, options.

        Raises:
            InputError: if nothing can be written there, or if another run is known to hold it.
        """

    @abstractmethod
    def model(self, folder: Path) -> str:
        """Where workers find a packaged model of this machine."""

    @abstractmethod
    def finished(self) -> set[str]:
        """The names of the files that are there, whole."""

    @abstractmethod
    def appearing(self, name: str) -> AbstractContextManager[Path]:
        """A file of this machine to write to; it gets the name when the block ends without an exception."""

    @abstractmethod
    def read(self, name: str) -> str:
        """The text of a finished file."""

    @abstractmethod
    def publish(self, format: Format, parts: Sequence[Part], failures: Sequence[str]) -> str:
        """Puts output and failures (lines) in their places, or removes the failures of an earlier run.

        Returns:
            What the output is now, in words.
        """

    @abstractmethod
    def remove(self) -> None:
        """Removes the folder with all that is in it, while it is held."""


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
