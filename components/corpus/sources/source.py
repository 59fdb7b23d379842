"""What a source of sentence pairs is."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa


@dataclass(frozen=True)
class Work:
    """A part of a source that one worker reads from beginning to end.

    ``place`` is what ``rejected/`` calls it (a file's name as the user gave it), ``part`` what the source needs to find
    it again; both are plain values. It begins at line ``first_line`` of its place and holds ``lines`` of them, None
    where only reading tells. If other parts lie interleaved with it, so that each is found by reading them all,
    ``whole`` is the ``part`` that holds them together.
    """

    place: str
    part: Any = None
    first_line: int = 1
    lines: int | None = None
    whole: Any = None


class Source(Protocol):
    """One corpus, as one word of the parameter ``corpus`` names it. Picklable; opens nothing before it is asked to."""

    @property
    def name(self) -> str:
        """The word that names it, or, of a glob, the word for this one of the files."""
        ...

    def check(self) -> None:
        """Looks whether the source can be read, as far as that shows without reading it through.

        Raises:
            InputError: if not.
        """
        ...

    def digest(self) -> str:
        """A digest of the content: another one means other pairs."""
        ...

    def size(self) -> int:
        """About how many bytes of plain text there are; decides on the number of partitions."""
        ...

    def work(self) -> list[Work]:
        """The parts to be read, in their order; at least one, even if there is nothing in it."""
        ...

    def read(self, work: Work) -> Iterator[pa.RecordBatch]:
        """The blocks of a part (schema ``blocks.RAW`` without ``place``), on a worker, their lines in rising order.

        Raises:
            InputError: if the file as a whole cannot be read.
        """
        ...
