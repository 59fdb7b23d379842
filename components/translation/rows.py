"""What a file is made of for translating, whatever the format."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Part:
    """Some consecutive rows of a file: what one worker reads, translates and writes at once.

    ``first_row`` counts from 1. ``offset`` is where the reader finds them: bytes from the file's beginning, or the
    number of a row group.
    """

    index: int
    first_row: int
    rows: int
    offset: int


@dataclass(frozen=True)
class Row:
    """A row as it was read; ``number`` counts from 1.

    ``fault`` says why it cannot be translated; it is empty if it can. ``content`` is the rest of the row, in types that
    JSON knows.
    """

    number: int
    content: Any
    text: str = ""
    fault: str = ""
