"""Where sentence pairs come from: one module for each form of the parameter ``corpus``, and the table of them."""

import re
from collections.abc import Callable

from components.corpus.sources.aligned import BRACES, AlignedFiles
from components.corpus.sources.capped import cap, split_cap
from components.corpus.sources.globs import expand
from components.corpus.sources.jsonl import JsonLines
from components.corpus.sources.parquet import ParquetFile
from components.corpus.sources.sample import Sample
from components.corpus.sources.separated import SEPARATED, SeparatedFile
from components.corpus.sources.source import Source, Work
from components.corpus.sources.tfds import SPELLING, TfdsSet
from components.corpus.sources.tmx import TranslationMemory
from components.corpus.sources.words import is_sample, is_tfds, split_words
from components.errors import InputError

# What a word of the parameter looks like, how it is spelled in `--help` and in errors, and who reads it.
Parse = Callable[[str, str, str], Source]
FORMS: tuple[tuple[re.Pattern[str], str, Parse], ...] = (
    (re.compile(r"sample(:.*)?"), "sample[:PAIRS]", Sample.parse),
    (re.compile(r"tfds:.*"), SPELLING, TfdsSet.parse),
    (BRACES, "PATH.{en,fr}[.gz]", AlignedFiles.parse),
    (SEPARATED, "PATH.tsv[.gz][:COLUMNS] or PATH.txt[.gz][:COLUMNS]", SeparatedFile.parse),
    (re.compile(r".*\.jsonl(\.gz)?"), "PATH.jsonl[.gz]", JsonLines.parse),
    (re.compile(r".*\.parquet"), "PATH.parquet", ParquetFile.parse),
    (re.compile(r".*\.tmx(\.gz)?"), "PATH.tmx[.gz]", TranslationMemory.parse),
)


def parse_corpus(parameter: str, corpus: str, source_language: str, target_language: str) -> list[Source]:
    """The sources that a corpus parameter names, in their order, checked as far as that is possible beforehand.

    Args:
        parameter: the parameter's name, for errors.
        corpus: its value: one or several words, separated by blanks (quoted, if they hold some); paths may be globs,
            and ``#100000`` behind a word takes its first 100,000 pairs.
        source_language: what the records' source side is to be (ISO 639).
        target_language: the same of the target side.

    Raises:
        InputError: if a word has no known form, or names what is not there.
    """
    try:
        words = split_words(corpus)
        if not words:
            raise InputError(f"found {corpus!r}, must be one or several of {', '.join(_spellings())}")
        return [source for word in words for source in _sources(word, source_language, target_language)]
    except (InputError, OSError, ValueError) as error:
        raise InputError(f"{parameter}: {error}") from None


def _sources(word: str, source_language: str, target_language: str) -> list[Source]:
    """The checked sources of one word: several, if it is a glob."""
    uncapped, pairs = split_cap(word)
    # A bracket in what is no path is no wildcard.
    names = [uncapped] if is_sample(uncapped) or is_tfds(uncapped) else expand(uncapped)
    sources = [_parse_word(name, source_language, target_language) for name in names]
    for source in sources:
        source.check()
    return sources if pairs is None else cap(sources, pairs)


def _parse_word(word: str, source_language: str, target_language: str) -> Source:
    for pattern, _, parse in FORMS:
        if pattern.fullmatch(word):
            return parse(word, source_language, target_language)
    raise InputError(f"found {word!r}, must be one of the forms {', '.join(_spellings())}")


def _spellings() -> list[str]:
    return [spelling for _, spelling, _ in FORMS]


__all__ = ["FORMS", "Source", "Work", "parse_corpus"]
