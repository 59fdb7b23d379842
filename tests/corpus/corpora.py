"""Small corpora for tests: many, varied, or bad."""

import itertools
import random
from pathlib import Path

_SUBJECTS = [("The dog", "Le chien"), ("A cat", "Un chat"), ("My friend", "Mon ami"), ("The child", "L'enfant")]
_VERBS = [("sees", "voit"), ("eats", "mange"), ("likes", "aime"), ("wants", "veut"), ("finds", "trouve")]
_OBJECTS = [("the apple", "la pomme"), ("a book", "un livre"), ("the house", "la maison"), ("this", "ceci")]
_ENDS = [
    (".", "."),
    (" today.", " aujourd’hui."),
    (", doesn't he?", ", n'est-ce pas\u00a0?"),
    (" again!", " encore\u202f!"),
]


def pairs(number: int, seed: int = 0) -> list[tuple[str, str]]:
    """Distinct pairs, at most 3,200."""
    parts = itertools.product(_SUBJECTS, _VERBS, _OBJECTS, _ENDS, range(10))
    made = [
        (
            f"{s[0]} {v[0]} {o[0]}{f' {n} times' if n else ''}{e[0]}",
            f"{s[1]} {v[1]} {o[1]}{f' {n} fois' if n else ''}{e[1]}",
        )
        for s, v, o, e, n in parts
    ]
    random.Random(seed).shuffle(made)
    return made[:number]


def write_aligned(folder: Path, lines: list[tuple[str, str]], name: str = "corpus") -> str:
    """Writes ``NAME.en`` and ``NAME.fr`` and gives the word that names them."""
    for side, language in enumerate(("en", "fr")):
        text = "".join(pair[side] + "\n" for pair in lines)
        (folder / f"{name}.{language}").write_bytes(text.encode("utf-8", "surrogateescape"))
    return str(folder / (name + ".{en,fr}"))
