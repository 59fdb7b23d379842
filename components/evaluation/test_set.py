"""A test set: sentences and their references, whole and in order, from a corpus of any form."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from operator import attrgetter

from components.corpus.sources.formats import Corpus
from components.corpus.sources.source import Source
from components.dataset.heldout import heldout_content
from components.errors import InputError


@dataclass(frozen=True)
class TestSet:
    """Sentences and their references, both of shape [n]."""

    sources: Sequence[str]
    references: Sequence[str]

    @classmethod
    def of(cls, pairs: Sequence[tuple[str, str]]) -> "TestSet":
        """Of (source, reference) pairs."""
        return cls([source for source, _ in pairs], [reference for _, reference in pairs])

    @cached_property
    def digest(self) -> str:
        """Of the pairs in their order: the same as of the dataset's held-out file with them."""
        return hashlib.sha256(heldout_content(zip(self.sources, self.references, strict=True))).hexdigest()


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
    sources = Corpus.parse(parameter, corpus).sources(source_language, target_language)
    return [pair for source in sources for pair in _read(parameter, source)]


def _read(parameter: str, source: Source) -> Iterator[tuple[str, str]]:
    for file, ranges in groupby(source.ranges(), attrgetter("file")):
        # Several ranges may hold blocks of one file in turn, as the stripes of a compressed file do.
        blocks = [block for range_ in ranges for block in source.read(range_) if block.num_rows]
        for block in sorted(blocks, key=lambda block: block["line"][0].as_py()):
            for row in block.to_pylist():
                where = f"{parameter}: {file} line {row['line']}"
                if row["fault"]:
                    raise InputError(f"{where}: {row['fault']}")
                try:
                    yield row["source"].decode("utf-8"), row["target"].decode("utf-8")
                except UnicodeDecodeError:
                    raise InputError(f"{where} is not UTF-8") from None
