"""The parameter ``corpus``, parsed once: the table of formats, and the words that name sources by it."""

import os
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from components.corpus.files import is_remote, matching
from components.corpus.sources import tfds
from components.corpus.sources.parquet import ParquetFile
from components.corpus.sources.sample import Sample
from components.corpus.sources.source import Source, cap
from components.corpus.sources.text import AlignedFiles, JsonLines, SeparatedFile
from components.corpus.sources.tmx import TranslationMemory
from components.errors import InputError

_WILDCARD = re.compile(r"\*\*|\*|\?|\[[^\]]+\]")
# A path may hold the sign too, further in front.
_CAP = re.compile(r"(.+)#([^#/.{}]*)")
# It may be a glob's too, where no word stands before the sign.
_WEIGHT = re.compile(r"(.+)\*([^*/{}\[\]?.:#]+(?:\.[0-9]*)?|\.[0-9]+)")
# Three decimals are as many as `:g` shows of numbers up to a thousand.
_WEIGHTS = re.compile(r"[0-9]{1,4}(\.[0-9]{1,3})?")
MAX_WEIGHT = 1000
# The parameter whose pairs are drawn.
DRAWN = "corpus"


@dataclass(frozen=True)
class Format:
    """One form of a word.

    ``pattern`` matches the word without its cap; ``usage`` is what errors and ``--help`` call the form. ``open`` makes
    a source of the pattern's named groups and of ``languages``, both as keyword arguments. The files are at the group
    ``path``; where there is none, below ``folder()``, or there are no files.
    """

    pattern: re.Pattern[str]
    usage: str
    open: Callable[..., Source]
    folder: Callable[[], str] | None = None


FORMATS = (
    Format(re.compile(r"sample(:(?P<pairs>.*))?"), "sample[:PAIRS]", Sample.open),
    Format(re.compile(r"(?P<name>tfds:.*)"), tfds.USAGE, tfds.TfdsSet.open, folder=tfds.root),
    Format(
        re.compile(r"(?P<path>(?P<before>.*)\{(?P<first>[^{},]+),(?P<second>[^{},]+)\}(?P<after>.*))"),
        "PATH.{en,fr}[.gz]",
        AlignedFiles.open,
    ),
    Format(
        re.compile(r"(?P<path>.*\.(?:tsv|txt)(?:\.gz)?)(:(?P<columns>[^/.]*))?"),
        "PATH.tsv[.gz][:COLUMNS] or PATH.txt[.gz][:COLUMNS]",
        SeparatedFile.open,
    ),
    Format(re.compile(r"(?P<path>.*\.jsonl(\.gz)?)"), "PATH.jsonl[.gz]", JsonLines.open),
    Format(re.compile(r"(?P<path>.*\.parquet)"), "PATH.parquet", ParquetFile),
    Format(re.compile(r"(?P<path>.*\.tmx(\.gz)?)"), "PATH.tmx[.gz]", TranslationMemory),
)


@dataclass(frozen=True)
class CorpusWord:
    """One word of a corpus parameter, such as ``gs://b/x*.tsv:fr,en#1000*8``.

    ``text`` is the word without what ends it: ``pairs``, the cap (1000), and ``weight``, how many times as often its
    pairs are drawn in training (8). ``groups`` is what the format's pattern found in it. ``format`` is None where the
    word fits none: the files that a glob stands for may still fit one.
    """

    text: str
    format: Format | None
    groups: Mapping[str, str | None]
    pairs: int | None = None
    weight: float = 1.0

    @classmethod
    def parse(cls, word: str) -> "CorpusWord":
        """The word as it stands in the parameter.

        Raises:
            InputError: if it ends in a weight that is none, or in a cap that is no number of pairs.
        """
        if (found := _WEIGHT.fullmatch(word)) and _is_word(weighted := cls.parse(found[1])):
            if not _WEIGHTS.fullmatch(found[2]) or not 0 < float(found[2]) <= MAX_WEIGHT:
                raise InputError(
                    f"found {word!r}, after * must stand how many times as often to draw these pairs, a number from"
                    f" 0.001 to {MAX_WEIGHT}: {found[1]}*8"
                )
            if weighted.weight != 1:
                raise InputError(f"found {word!r}, must have one weight: {weighted}")
            return replace(weighted, weight=float(found[2]))
        if not (found := _CAP.fullmatch(word)):
            return cls._of(word)
        text, pairs = found.groups()
        if not re.fullmatch(r"[0-9]+", pairs) or not int(pairs):
            raise InputError(
                f"found {word!r}, after # must stand how many pairs to take, a whole number from 1: {text}#100000"
            )
        if (capped := cls.parse(text)).weight != 1:
            raise InputError(f"found {word!r}, the weight must stand last: {capped.text}#{pairs}*{capped.weight:g}")
        return replace(cls._of(text), pairs=int(pairs))

    @classmethod
    def _of(cls, text: str) -> "CorpusWord":
        for format_ in FORMATS:
            if found := format_.pattern.fullmatch(text):
                return cls(text, format_, found.groupdict())
        return cls(text, None, {"path": text})

    def __str__(self) -> str:
        cap_, weight = "" if self.pairs is None else f"#{self.pairs}", "" if self.weight == 1 else f"*{self.weight:g}"
        return self.text + cap_ + weight

    @property
    def location(self) -> str | None:
        """Where its files are; None if it has none."""
        folder = self.format and self.format.folder
        return self.groups.get("path") or (folder() if folder else None)

    @property
    def needs_this_machine(self) -> bool:
        """Whether its files are on this machine."""
        return self.location is not None and not is_remote(self.location)

    def absolute(self) -> "CorpusWord":
        """The same word with an absolute path, for workers that have another working folder."""
        path = self.groups.get("path")
        return self if path is None or is_remote(path) else self._with_path(os.path.abspath(path))

    def sources(self, languages: tuple[str, str]) -> list[Source]:
        """The checked sources of this word: several, if it is a glob.

        Raises:
            InputError: if one cannot be read, or is in no known format.
        """
        sources = [word._open(languages) for word in self._files()]
        for source in sources:
            source.check()
        return sources if self.pairs is None else cap(sources, self.pairs)

    def _open(self, languages: tuple[str, str]) -> Source:
        if self.format is None:
            raise InputError(f"found {self.text!r}, must be one of the forms {_usages()}")
        return self.format.open(languages=languages, **self.groups)

    def _files(self) -> "list[CorpusWord]":
        """A word for each file that a word with wildcards (``*``, ``?``, ``[…]``) stands for, sorted; else itself.

        Of aligned files the first language's are looked for; the second's name gets what the wildcards stand for.

        Raises:
            InputError: if no file matches.
        """
        path = self.groups.get("path")
        if path is None or not _WILDCARD.search(path) or Path(path).exists():
            return [self]
        aligned = "before" in self.groups
        pattern = "".join(self.groups[group] or "" for group in ("before", "first", "after")) if aligned else path
        found = sorted(matching(pattern))
        if not found:
            raise InputError(f"{path}: no file matches {pattern}")
        return [self._with_path(_fill(path, pattern, file) if aligned else file) for file in found]

    def _with_path(self, path: str) -> "CorpusWord":
        rest = self.text[len(self.groups["path"] or "") :]
        return replace(CorpusWord._of(path + rest), pairs=self.pairs, weight=self.weight)


def _fill(word: str, pattern: str, file: str) -> str:
    """``word``, its wildcards replaced by what they stand for where ``pattern``, with the same ones, is ``file``."""
    regular = "".join(_regular(piece) for piece in re.split(f"({_WILDCARD.pattern})", pattern))
    found = re.fullmatch(regular, file)
    values = iter(found.groups() if found else ())
    return _WILDCARD.sub(lambda _: next(values), word)


def _regular(piece: str) -> str:
    """A piece of a glob as a regular expression; a wildcard captures what it stands for."""
    if piece == "**":
        return "(.*)"
    if piece == "*":
        return "([^/]*)"
    if piece == "?":
        return "([^/])"
    return f"({piece.replace('[!', '[^')})" if _WILDCARD.fullmatch(piece) else re.escape(piece)


def _is_word(word: CorpusWord) -> bool:
    return word.format is not None or word.pairs is not None


def _usages() -> str:
    return ", ".join(format_.usage for format_ in FORMATS)


@dataclass(frozen=True)
class Corpus:
    """The value of a corpus parameter: one or several words, separated by spaces (quoted, if they hold some)."""

    parameter: str
    text: str
    words: tuple[CorpusWord, ...]

    @classmethod
    def parse(cls, parameter: str, text: str) -> "Corpus":
        """The corpus that ``text`` names.

        Args:
            parameter: the parameter's name, for errors.
            text: its value.

        Raises:
            InputError: if it has no words, a quotation has no end, or a weight stands where nothing is drawn.
        """
        with _named(parameter):
            if not (words := shlex.split(text)):
                raise InputError(f"found {text!r}, must be one or several of {_usages()}")
            parsed = tuple(map(CorpusWord.parse, words))
            for word in parsed:
                if word.weight != 1 and parameter != DRAWN:
                    raise InputError(f"found '{word}', must be without a weight: only the pairs of {DRAWN} are drawn")
            return cls(parameter, text, parsed)

    def absolute(self) -> "Corpus":
        """The same with absolute paths, for workers that have another working folder."""
        return replace(self, words=tuple(word.absolute() for word in self.words))

    def sources(self, source_language: str, target_language: str) -> list[Source]:
        """The sources of all words, in their order; see :meth:`sources_by_word`."""
        return [source for sources in self.sources_by_word(source_language, target_language) for source in sources]

    def sources_by_word(self, source_language: str, target_language: str) -> list[list[Source]]:
        """The sources of each word, in their order, checked as far as that is possible beforehand.

        Args:
            source_language: what the records' source side is to be (ISO 639).
            target_language: the same of the target side.

        Raises:
            InputError: if a word has no known form, or names what is not there or holds nothing.
        """
        with _named(self.parameter):
            return [word.sources((source_language, target_language)) for word in self.words]


@contextmanager
def _named(parameter: str) -> Iterator[None]:
    """Puts the parameter's name in front of errors."""
    try:
        yield
    except (InputError, OSError, ValueError) as error:
        raise InputError(f"{parameter}: {error}") from None
