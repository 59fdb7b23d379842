"""``PATH.{en,fr}[.gz]``: two aligned text files, line n of one the translation of line n of the other."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import pyarrow as pa

from components.corpus.blocks import BLOCK_BYTES, BLOCK_PAIRS, raw_block
from components.corpus.files import (
    STRIDE,
    STRIPES,
    check_file,
    file_digest,
    file_size,
    is_gzip,
    line_arrays,
    scan,
    shrunk,
)
from components.corpus.parallel import spread
from components.corpus.sources.source import Work
from components.errors import InputError

BRACES = re.compile(r"^(.*)\{([^{},]+),([^{},]+)\}(.*)$")


@dataclass(frozen=True)
class _Part:
    """From these bytes on; every ``STRIPES``-th block from ``stripe`` on, if that is set."""

    source_offset: int
    target_offset: int
    stripe: int | None = None


@dataclass(frozen=True)
class AlignedFiles:
    """See the module.

    Plain files are read in parts, from several places at once. Compressed ones can only be read from the beginning, but
    that is a small part of the work: several workers do it, and each of them keeps its share of the blocks.
    """

    name: str
    source_path: str
    target_path: str

    @classmethod
    def parse(cls, word: str, source_language: str, target_language: str) -> "AlignedFiles":
        """The files that ``word`` names; the braces hold the two languages, in any order.

        Raises:
            InputError: if they hold something else.
        """
        found = BRACES.match(word)
        wanted = {source_language, target_language}
        if not found or {found[2], found[3]} != wanted:
            raise InputError(
                f"found {word!r}, the braces must hold source_language and target_language:"
                f" {{{source_language},{target_language}}}"
            )
        return cls(word, *(found[1] + language + found[4] for language in (source_language, target_language)))

    @property
    def _compressed(self) -> bool:
        return is_gzip(self.source_path) or is_gzip(self.target_path)

    def check(self) -> None:
        for path in (self.source_path, self.target_path):
            try:
                check_file(path)
            except InputError as error:
                raise InputError(f"{self.name}: {error}") from None
        lines = [scan(path).lines for path in (self.source_path, self.target_path)]
        if None not in lines and lines[0] != lines[1]:
            raise self._unaligned(*lines)

    def digest(self) -> str:
        return f"{file_digest(self.source_path)} {file_digest(self.target_path)}"

    def size(self) -> int:
        return file_size(self.source_path) + file_size(self.target_path)

    def work(self) -> list[Work]:
        if self._compressed:
            return [Work(self.name, _Part(0, 0, stripe), whole=_Part(0, 0)) for stripe in range(STRIPES)]
        source, target = scan(self.source_path), scan(self.target_path)
        return [
            Work(self.name, _Part(*starts), number * STRIDE + 1, source.lines_from(number))
            for number, starts in enumerate(zip(source.starts, target.starts, strict=True))
        ]

    def read(self, work: Work) -> Iterator[pa.RecordBatch]:
        part: _Part = work.part
        sides = [_Lines(self.source_path, part.source_offset), _Lines(self.target_path, part.target_offset)]
        number = done = 0
        while work.lines is None or done < work.lines:
            wanted = BLOCK_PAIRS if work.lines is None else min(BLOCK_PAIRS, work.lines - done)
            wanted = min(spread(partial(_Lines.available, wanted=wanted), sides))
            if not wanted:
                break
            block = raw_block(work.first_line + done, *(side.take(wanted) for side in sides))
            if part.stripe is None or number % STRIPES == part.stripe:
                yield block
            number, done = number + 1, done + wanted
        if work.lines is None:
            if any(side.available(1) for side in sides):
                raise self._unaligned(*(done + side.remaining() for side in sides))
        elif done < work.lines:
            raise shrunk(self.target_path if sides[0].available(1) else self.source_path)

    def _unaligned(self, source_lines: int | None, target_lines: int | None) -> InputError:
        return InputError(
            f"{self.name} is not aligned: {self.source_path} has {source_lines} lines,"
            f" {self.target_path} has {target_lines}"
        )


class _Lines:
    """The lines of a file, as many at a time as one likes."""

    def __init__(self, path: str, offset: int):
        self._arrays = line_arrays(path, offset)
        self._pending: list[pa.Array] = []

    def available(self, wanted: int) -> int:
        """How many of ``wanted`` lines can be taken at once: fewer at the file's end, or when they are very long."""
        while (lines := sum(map(len, self._pending))) < wanted:
            if lines and sum(array.nbytes for array in self._pending) >= BLOCK_BYTES:
                return lines
            if (array := next(self._arrays, None)) is None:
                return lines
            self._pending.append(array)
        return wanted

    def take(self, lines: int) -> pa.Array:
        """The next lines; there must be as many."""
        pending = pa.chunked_array(self._pending, pa.binary())
        taken, rest = pending.slice(0, lines), pending.slice(lines)
        self._pending = [chunk for chunk in rest.chunks if len(chunk)]
        return pa.concat_arrays(taken.chunks)

    def remaining(self) -> int:
        """How many lines are left; reads to the end."""
        return sum(map(len, self._pending)) + sum(map(len, self._arrays))
