"""``tfds:NAME[/CONFIG][:SPLIT]``: a translation set of TensorFlow Datasets (TFDS), a slice of a split if one likes.

The launcher has TFDS prepare it, if it is not prepared yet. Workers read its records without TensorFlow. What
``rejected/`` calls a line is the number of the record in its file, from 1.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from components.corpus import examples, tfds_folder
from components.corpus.blocks import BLOCK_PAIRS, raw_block
from components.corpus.files import check_file, file_size
from components.corpus.sources.source import Work
from components.corpus.tfds_build import build
from components.corpus.tfds_folder import PreparedSet, Shard, text_names
from components.corpus.tfrecords import Stretch, check_records, scan_records, stretches
from components.errors import InputError

NOT_A_PAIR = "no_text"
SPELLING = "tfds:NAME[/CONFIG][:SPLIT]"
_WORD = re.compile(
    r"tfds:(?P<name>\w+)(/(?P<config>[\w.+-]+))?(:(?P<split>\w[\w.-]*)(\[(?P<start>-?\d+%?)?:(?P<stop>-?\d+%?)?\])?)?"
)
_DEFAULT_SPLIT = "train"


@dataclass(frozen=True)
class _Part:
    """Reading begins at this byte, where record ``first`` (from 0) stands; the texts have these names."""

    offset: int
    first: int
    names: tuple[str, ...]


@dataclass(frozen=True)
class TfdsSet:
    """See the module. ``start`` and ``stop`` bound the slice as TFDS spells them: records, or a percentage."""

    name: str
    dataset: str
    config: str | None
    split: str
    start: str | None
    stop: str | None
    languages: tuple[str, str]

    @classmethod
    def parse(cls, word: str, source_language: str, target_language: str) -> "TfdsSet":
        """The set that ``word`` names.

        Raises:
            InputError: if it is spelled in another way.
        """
        found = _WORD.fullmatch(word)
        if not found:
            raise InputError(f"found {word!r}, must be {SPELLING}, SPLIT being train, validation, train[:10%] …")
        split = found["split"] or _DEFAULT_SPLIT
        languages = (source_language, target_language)
        return cls(word, found["name"], found["config"], split, found["start"], found["stop"], languages)

    def check(self) -> None:
        if not tfds_folder.find(self.dataset, self.config):
            build(self.dataset, self.config, self.languages)
        self._names()
        slices = self._slices()
        if not slices:
            raise InputError(f"{self.name}: there is no record in this part of the split")
        for shard, _ in slices:
            check_file(shard.path)
            scan_records(shard.path, shard.records)

    def digest(self) -> str:
        content = [f"{scan_records(shard.path, shard.records).digest} {wanted}" for shard, wanted in self._slices()]
        return hashlib.sha256("\n".join(content).encode()).hexdigest()

    def size(self) -> int:
        return sum(file_size(shard.path) * len(wanted) // shard.records for shard, wanted in self._slices())

    def work(self) -> list[Work]:
        names, works = tuple(self._names()), []
        for shard, wanted in self._slices():
            scanned = scan_records(shard.path, shard.records)
            for number, offset in enumerate(scanned.starts):
                held = scanned.records_from(number)
                begin, end = max(wanted.start, held.start), min(wanted.stop, held.stop)
                if begin < end:
                    works.append(Work(shard.path, _Part(offset, held.start, names), begin + 1, end - begin))
        return works

    def read(self, work: Work) -> Iterator[pa.RecordBatch]:
        assert work.lines
        part: _Part = work.part
        first, begin, end = part.first, work.first_line - 1, work.first_line - 1 + work.lines
        for stretch in stretches(work.place, part.offset, part.first):
            wanted = range(max(begin, first), min(end, first + len(stretch.begins)))
            for start in range(wanted.start, wanted.stop, BLOCK_PAIRS):
                rows = slice(start - first, min(start + BLOCK_PAIRS, wanted.stop) - first)
                yield _block(
                    work.place, start, Stretch(stretch.buffer, stretch.begins[rows], stretch.ends[rows]), part.names
                )
            first += len(stretch.begins)
            if first >= end:
                return
        raise InputError(f"{work.place} holds {first} records, must hold {end} at least")

    def _set(self) -> PreparedSet:
        folder = tfds_folder.find(self.dataset, self.config)
        assert folder, "checked beforehand"
        return PreparedSet.load(folder)

    def _names(self) -> list[str]:
        try:
            return text_names(self._set().features, self.languages)
        except InputError as error:
            raise InputError(f"{self.name} {error}") from None

    def _slices(self) -> list[tuple[Shard, range]]:
        """The files that are to be read, and which of their records (from 0).

        Raises:
            InputError: if there is no such split.
        """
        prepared = self._set()
        if self.split not in prepared.splits:
            raise InputError(
                f"{self.name}: there is no split {self.split!r} in {prepared.folder}, must be one of"
                f" {', '.join(prepared.splits)}"
            )
        shards = prepared.splits[self.split]
        records = sum(shard.records for shard in shards)
        start, stop, _ = slice(_bound(self.start, records), _bound(self.stop, records)).indices(records)
        slices, before = [], 0
        for shard in shards:
            wanted = range(max(start - before, 0), min(stop - before, shard.records))
            if wanted:
                slices.append((shard, wanted))
            before += shard.records
        return slices


def _bound(text: str | None, records: int) -> int | None:
    """A slice's bound as a number of records; percentages are rounded to the next record, as TFDS does."""
    if text is None:
        return None
    return round(int(text[:-1]) * records / 100) if text.endswith("%") else int(text)


def _block(path: str, first: int, stretch: Stretch, names: tuple[str, ...]) -> pa.RecordBatch:
    check_records(stretch, path, first)
    try:
        source, target = examples.texts(stretch.buffer, stretch.begins, stretch.ends, names)
    except examples.ExampleError as error:
        raise InputError(
            f"{path}, record {first + error.message + 1} is no tf.train.Example with one text each under"
            f" {' and '.join(names)}"
        ) from None
    missing = pc.or_(pc.is_null(source), pc.is_null(target))
    return raw_block(first + 1, source, target, fault=pc.if_else(missing, NOT_A_PAIR, pa.scalar(None, pa.string())))
