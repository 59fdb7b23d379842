"""The sentence pairs of a test corpus of any form, whole and in order."""

from components.corpus.sources import parse_corpus
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
    pairs: list[tuple[str, str]] = []
    for source in parse_corpus(parameter, corpus, source_language, target_language):
        for work in source.work():
            for block in source.read(work):
                for row in block.to_pylist():
                    place = f"{parameter}: {work.place} line {row['line']}"
                    if row["fault"]:
                        raise InputError(f"{place}: {row['fault']}")
                    try:
                        pairs.append((row["source"].decode("utf-8"), row["target"].decode("utf-8")))
                    except UnicodeDecodeError:
                        raise InputError(f"{place} is not UTF-8") from None
    return pairs
