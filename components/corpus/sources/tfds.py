"""``tfds:NAME[/CONFIG][:SPLIT]``: a translation set of TensorFlow Datasets (TFDS), a slice of a split if one likes.

The launcher has TFDS prepare it, if it is not prepared yet, in ``ROOT/NAME[/CONFIG]/VERSION``. TFDS writes a folder
under another name and renames it at the end: what is there is complete. Workers read its records without TensorFlow.
What ``rejected/`` calls a line is the number of the record in its file, from 1.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from components.corpus.blocks import BLOCK_PAIRS, raw_block
from components.corpus.files import check_file, exists, file_size, is_remote, matching, open_raw
from components.corpus.sources.source import Range
from components.corpus.sources.tfrecords import (
    ExampleError,
    Records,
    check_records,
    example_texts,
    read_records,
    scan_records,
)
from components.errors import InputError

USAGE = "tfds:NAME[/CONFIG][:SPLIT]"
NOT_A_PAIR = "no_text"
INFO, FEATURES = "dataset_info.json", "features.json"
_WORD = re.compile(
    r"tfds:(?P<name>\w+)(/(?P<config>[\w.+-]+))?(:(?P<split>\w[\w.-]*)(\[(?P<start>-?\d+%?)?:(?P<stop>-?\d+%?)?\])?)?"
)
_DEFAULT_SPLIT = "train"
_DEFAULT_CONFIG = ".config/metadata.json"
_VERSION = re.compile(r"\d+\.\d+\.\d+")
_RECORDS = "tfrecord"
_FILE_NAME = "{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}"
# A program of its own: it imports TensorFlow, which no other module of this room does.
_PREPARE_PROGRAM = "components.corpus.sources.tfds_prepare"
_PROJECT = Path(__file__).parents[3]


def root() -> str:
    """Where TFDS keeps its sets: TFDS_DATA_DIR, or its own default; as an absolute path, for workers elsewhere."""
    folder = os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"
    return folder if is_remote(folder) else os.path.abspath(os.path.expanduser(folder))


def _find(name: str, config: str | None) -> str | None:
    """The folder of a prepared set, of its newest version; without ``config`` that of its default, if it has any."""
    if config:
        return _newest(f"{root()}/{name}/{config}")
    if found := _newest(f"{root()}/{name}"):
        return found
    default = f"{root()}/{name}/{_DEFAULT_CONFIG}"
    return _newest(f"{root()}/{name}/{_read_json(default)['default_config_name']}") if exists(default) else None


def _prepared_configs(name: str) -> list[str]:
    """The configurations of a set that are prepared."""
    folders = matching(f"{root()}/{name}/*/*/{INFO}")
    return sorted({folder.removesuffix(f"/{INFO}").split("/")[-2] for folder in folders})


def _newest(parent: str) -> str | None:
    folders = [path.removesuffix(f"/{INFO}") for path in matching(f"{parent}/*/{INFO}")]
    versions = [folder for folder in folders if _VERSION.fullmatch(folder.rpartition("/")[2])]
    return max(versions, key=lambda folder: [int(part) for part in folder.rpartition("/")[2].split(".")], default=None)


@dataclass(frozen=True)
class Shard:
    """A file of a split, and how many records it is said to hold."""

    path: str
    records: int


@dataclass(frozen=True)
class PreparedSet:
    """What a prepared set says of itself: shards by split, and its features as in ``features.json``."""

    folder: str
    splits: Mapping[str, tuple[Shard, ...]]
    features: Mapping[str, Any]

    @classmethod
    def load(cls, folder: str) -> "PreparedSet":
        """Reads the folder's description.

        Raises:
            InputError: if the set is in a format other than TFRecord, or its description cannot be understood.
        """
        info, features = (_read_json(f"{folder}/{file}") for file in (INFO, FEATURES))
        written = info.get("fileFormat", _RECORDS)
        if written != _RECORDS:
            raise InputError(
                f"{folder} holds its records as {written}, must be {_RECORDS}: prepare it once more with"
                f" file_format={_RECORDS}, or convert it (tfds convert_format)"
            )
        try:
            splits = {split["name"]: tuple(_shards(folder, info["name"], split)) for split in info.get("splits", ())}
        except (KeyError, ValueError) as error:
            raise InputError(f"{folder}/{INFO} does not name the files of the set ({error!r})") from None
        return cls(folder, splits, features)


def _shards(folder: str, dataset: str, split: Mapping[str, Any]) -> Iterator[Shard]:
    template, lengths = split.get("filepathTemplate", _FILE_NAME), split["shardLengths"]
    for index, records in enumerate(lengths):
        file = template.format(
            DATASET=dataset,
            SPLIT=split["name"],
            FILEFORMAT=_RECORDS,
            SHARD_INDEX=f"{index:05d}",
            NUM_SHARDS=f"{len(lengths):05d}",
            SHARD_X_OF_Y=f"{index:05d}-of-{len(lengths):05d}",
        )
        yield Shard(f"{folder}/{file}", int(records))


def text_names(features: Mapping[str, Any], languages: Sequence[str]) -> list[str]:
    """The names under which the examples hold the texts of these languages.

    Args:
        features: as in ``features.json``.
        languages: as the set writes them.

    Raises:
        InputError: if there is no translation into all of them; it says which texts there are.
    """
    held = dict(_translations(features))
    for prefix, names in held.items():
        if set(languages) <= set(names):
            return [prefix + language for language in languages]
    texts = "; ".join(", ".join(names) for names in held.values()) or "no texts by language"
    raise InputError(f"holds {texts}; must hold {' and '.join(languages)}, source_language and target_language")


def _translations(feature: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, list[str]]]:
    """Names of features that stand side by side, by what is in front of them in the examples."""
    translation = feature.get("translation")
    # Not where each example has languages of its own: their texts stand in one sequence.
    if translation and not translation.get("variableLanguagesPerExample"):
        yield prefix, list(translation["languages"])
    if "featuresDict" in feature:
        members = feature["featuresDict"]["features"]
        yield prefix, list(members)
        for name, member in members.items():
            yield from _translations(member, f"{prefix}{name}/")


def _read_json(path: str) -> Any:
    try:
        with open_raw(path) as file:
            return json.loads(file.read())
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read ({error})") from None


@dataclass(frozen=True)
class _Start:
    """Reading begins at this byte, where record ``first`` (from 0) stands; the texts have these names."""

    offset: int
    first: int
    names: tuple[str, ...]


@dataclass(frozen=True)
class TfdsSet:
    """See the module. ``start`` and ``stop`` bound the slice as TFDS writes them: records, or a percentage."""

    name: str
    dataset: str
    config: str | None
    split: str
    start: str | None
    stop: str | None
    languages: tuple[str, str]

    @classmethod
    def open(cls, name: str, languages: tuple[str, str]) -> "TfdsSet":
        """The set that the word ``name`` names.

        Raises:
            InputError: if it has another form.
        """
        found = _WORD.fullmatch(name)
        if not found:
            raise InputError(f"found {name!r}, must be {USAGE}, SPLIT being train, validation, train[:10%] …")
        split = found["split"] or _DEFAULT_SPLIT
        return cls(name, found["name"], found["config"], split, found["start"], found["stop"], languages)

    def check(self) -> None:
        if not _find(self.dataset, self.config):
            _build(self.dataset, self.config, self.languages)
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

    def ranges(self) -> list[Range]:
        names, ranges = tuple(self._names()), []
        for shard, wanted in self._slices():
            scanned = scan_records(shard.path, shard.records)
            for number, offset in enumerate(scanned.starts):
                held = scanned.records_from(number)
                begin, end = max(wanted.start, held.start), min(wanted.stop, held.stop)
                if begin < end:
                    ranges.append(Range(shard.path, _Start(offset, held.start, names), begin + 1, end - begin))
        return ranges

    def read(self, range_: Range) -> Iterator[pa.RecordBatch]:
        assert range_.lines
        start: _Start = range_.start
        first, begin, end = start.first, range_.first_line - 1, range_.first_line - 1 + range_.lines
        for records in read_records(range_.file, start.offset, start.first):
            wanted = range(max(begin, first), min(end, first + len(records.begins)))
            for number in range(wanted.start, wanted.stop, BLOCK_PAIRS):
                rows = slice(number - first, min(number + BLOCK_PAIRS, wanted.stop) - first)
                block = Records(records.buffer, records.begins[rows], records.ends[rows])
                yield _block(range_.file, number, block, start.names)
            first += len(records.begins)
            if first >= end:
                return
        raise InputError(f"{range_.file} holds {first} records, must hold {end} at least")

    def _set(self) -> PreparedSet:
        folder = _find(self.dataset, self.config)
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


def _block(path: str, first: int, records: Records, names: tuple[str, ...]) -> pa.RecordBatch:
    check_records(records, path, first)
    try:
        source, target = example_texts(records, names)
    except ExampleError as error:
        raise InputError(
            f"{path}, record {first + error.message + 1} is no tf.train.Example with one text each under"
            f" {' and '.join(names)}"
        ) from None
    missing = pc.or_(pc.is_null(source), pc.is_null(target))
    return raw_block(first + 1, source, target, fault=pc.if_else(missing, NOT_A_PAIR, pa.scalar(None, pa.string())))


def _build(dataset: str, config: str | None, languages: Sequence[str]) -> None:
    """Has TFDS download and prepare a set below :func:`root`, in a process of its own.

    Raises:
        InputError: if there is no such set or configuration, if it has not these languages, or if it
            cannot be downloaded.
    """
    paths = [str(_PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])]
    done = subprocess.run(
        [sys.executable, "-m", _PREPARE_PROGRAM, dataset, config or "", root(), *languages],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )
    if done.returncode:
        raise RuntimeError(f"{_PREPARE_PROGRAM} ended with exit code {done.returncode}")
    if why := json.loads(done.stdout)["error"]:
        there = _prepared_configs(dataset)
        raise InputError(why + (f"; prepared there: {', '.join(there)}" if there else ""))
