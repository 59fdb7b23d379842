"""Globs: one word of a corpus parameter that stands for several files."""

import re
from pathlib import Path

from components.corpus.files import matching
from components.corpus.sources.aligned import BRACES
from components.corpus.sources.separated import SEPARATED
from components.errors import InputError

_WILDCARD = re.compile(r"\*\*|\*|\?|\[[^\]]+\]")


def expand(word: str) -> list[str]:
    """The words that a word with wildcards (``*``, ``?``, ``[…]``) stands for, sorted; without them, itself.

    Of aligned files the first language's are looked for; what the wildcards stand for is put into the second's name.

    The columns of a separated file stay behind each of its paths.

    Raises:
        InputError: if no file matches.
    """
    separated = SEPARATED.fullmatch(word)
    if separated and separated["columns"] is not None:
        return [f"{path}:{separated['columns']}" for path in expand(separated["path"])]
    if not _WILDCARD.search(word) or Path(word).exists():
        return [word]
    braces = BRACES.match(word)
    pattern = braces[1] + braces[2] + braces[4] if braces else word
    paths = sorted(matching(pattern))
    if not paths:
        raise InputError(f"{word}: no file matches {pattern}")
    if not braces:
        return paths
    fills = re.compile("".join(_regular(piece) for piece in re.split(f"({_WILDCARD.pattern})", pattern)))
    words = []
    for path in paths:
        found = fills.fullmatch(path)
        values = iter(found.groups() if found else ())
        words.append(_WILDCARD.sub(lambda wildcard, values=values: next(values), word))  # type: ignore[misc]
    return words


def _regular(piece: str) -> str:
    """A piece of a glob as a regular expression; a wildcard captures what it stands for."""
    if piece == "**":
        return "(.*)"
    if piece == "*":
        return "([^/]*)"
    if piece == "?":
        return "([^/])"
    return f"({piece.replace('[!', '[^')})" if _WILDCARD.fullmatch(piece) else re.escape(piece)
