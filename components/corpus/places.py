"""Where lines come from: files, by the number that stands for them in blocks."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """A file, or what else holds lines, under the name that ``rejected/`` gives it; ``parameter`` named it.

    ``split`` (an index into ``manifest.SPLITS``) is set for a given validation or test corpus: all its lines go there,
    as they are.
    """

    name: str
    parameter: str
    split: int | None = None
