"""The sentence pairs of a test corpus of any form, whole and in order."""

from itertools import groupby
from operator import attrgetter

from components.corpus.sources import Source, parse_corpus
from components.errors import InputError


def read_pairs(parameter: str, corpus: str, source_language: str, target_language: str) -> list[tuple[str, str]]:
    """(source, reference) pairs.

    Args:
        parameter: the parameter's name, for errors.
        corpus: its value, in the forms that ``prepare`` takes.
        source_language: ISO 639 code.
        target_language: ISO 639 code.

    Raises:
        InputError: if the corpus cannot be read, or if a line is no pair; it names the line. A test set is scored
            whole: no line is left out.
    """
    sources = parse_corpus(parameter, corpus, source_language, target_language)
    return [pair for source in sources for pair in _read(parameter, source)]


def _read(parameter: str, source: Source) -> list[tuple[str, str]]:
    pairs = []
    for place, works in groupby(source.work(), attrgetter("place")):
        # Several parts may hold blocks of one file in turn, as the stripes of a compressed file do.
        blocks = [block for work in works for block in source.read(work) if block.num_rows]
        for block in sorted(blocks, key=lambda block: block["line"][0].as_py()):
            for row in block.to_pylist():
                where = f"{parameter}: {place} line {row['line']}"
                if row["fault"]:
                    raise InputError(f"{where}: {row['fault']}")
                try:
                    pairs.append((row["source"].decode("utf-8"), row["target"].decode("utf-8")))
                except UnicodeDecodeError:
                    raise InputError(f"{where} is not UTF-8") from None
    return pairs
