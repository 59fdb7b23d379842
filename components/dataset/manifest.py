"""The manifest: what a prepared dataset holds. Written last; without it there is no dataset."""

import dataclasses
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from components.errors import InputError

SCHEMA_VERSION = 1
MANIFEST_FILE = "manifest.json"
SPLITS = ("train", "validation", "test")
# What a corpus of its own may be given for. A guard is only translated, and makes no records.
GIVEN = (*SPLITS, "guard")


@dataclass(frozen=True)
class BucketRecords:
    """The records of one split in one bucket; in a mixed corpus, those of one word.

    Its pairs have ``low`` to ``high`` tokens on the longer side, both included. ``files`` are relative to the dataset's
    folder. ``target_tokens`` counts what the decoder predicts (the tokens and EOS). ``padding`` is the share of target
    positions that would be padding if the bucket were one batch. ``word`` is the number of the corpus word that they
    come from, from 1; 0: of any. ``weight`` is how often an epoch draws each.
    """

    low: int
    high: int
    files: tuple[str, ...]
    bytes: int
    records: int
    source_tokens: int
    target_tokens: int
    padding: float
    word: int = 0
    weight: float = 1.0

    @property
    def draws(self) -> int:
        """How many pairs an epoch of training draws from it."""
        return max(round(self.records * self.weight), min(self.records, 1))


@dataclass(frozen=True)
class Counts:
    """Every line of the corpus is in exactly one of ``kept``, ``duplicates`` and ``rejected`` (reason → lines)."""

    read: int
    kept: int
    duplicates: int
    rejected: dict[str, int]

    def __post_init__(self) -> None:
        accounted = self.kept + self.duplicates + sum(self.rejected.values())
        if accounted != self.read:
            raise ValueError(f"{self.read} lines were read, but {accounted} are accounted for: {self}")


@dataclass(frozen=True)
class VocabularyFacts:
    """Of one side: distinct tokens seen in train, size of the vocabulary, share of running train tokens outside it."""

    language: str
    distinct_tokens: int
    size: int
    oov_rate: float


@dataclass(frozen=True)
class HeldOut:
    """The original sentence pairs of the validation or test split, or of the guard.

    ``digest`` is the sha256 of the file.
    """

    file: str
    sentences: int
    digest: str
    given: bool = field(metadata={"help": "a corpus of its own, scored whole, rather than split off"})


@dataclass(frozen=True)
class Manifest:
    """What stands in ``manifest.json``.

    ``parameters`` are those that the dataset's key was made from; ``base`` says from which ``model``, and of which
    ``digest``, the text codec was taken, if it was not learnt.
    """

    key: str
    fingerprint: str
    parameters: dict[str, Any]
    counts: Counts
    splits: dict[str, tuple[BucketRecords, ...]]
    vocabularies: dict[str, VocabularyFacts]
    heldout: dict[str, HeldOut]
    base: dict[str, str] = field(default_factory=dict)
    statistics: dict[str, Any] = field(default_factory=dict)
    schema_version: int = SCHEMA_VERSION

    @property
    def max_length(self) -> int:
        """Tokens in the longest sentence that may be a record; longer ones are taken apart before translation."""
        return int(self.parameters["max_length"])

    def records(self, split: str) -> int:
        """How many pairs the split has."""
        return sum(bucket.records for bucket in self.splits[split])

    def draws(self) -> int:
        """How many pairs an epoch of training draws."""
        return sum(bucket.draws for bucket in self.splits.get("train", ()))

    def save(self, folder: Path) -> None:
        """Writes the manifest so that it appears whole or not at all."""
        partial = folder / (MANIFEST_FILE + ".partial")
        with open(partial, "w", encoding="utf-8") as file:
            json.dump(dataclasses.asdict(self), file, indent=2, ensure_ascii=False)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        partial.rename(folder / MANIFEST_FILE)

    @classmethod
    def load(cls, folder: Path) -> "Manifest":
        """The manifest of the dataset in ``folder``.

        Raises:
            InputError: if there is none, or none that this version reads.
        """
        path = folder / MANIFEST_FILE
        try:
            return cls.parse(path.read_bytes(), str(path))
        except FileNotFoundError:
            raise InputError(f"data_dir: {folder} holds no prepared dataset (no {MANIFEST_FILE})") from None
        except OSError as error:
            raise InputError(f"data_dir: {path} cannot be read: {type(error).__name__}: {error}") from None

    @classmethod
    def parse(cls, content: bytes, place: str) -> "Manifest":
        """The manifest with this content, which stands in ``place``.

        Raises:
            InputError: if it is none that this version reads.
        """
        try:
            document = json.loads(content)
            if (version := document["schema_version"]) == SCHEMA_VERSION:
                return cls._from_document(document)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"data_dir: {place} cannot be read: {type(error).__name__}: {error}") from None
        raise InputError(f"data_dir: {place} has schema version {version}, must be {SCHEMA_VERSION}: prepare it again")

    @classmethod
    def _from_document(cls, document: dict[str, Any]) -> "Manifest":
        return cls(
            **{
                **document,
                "counts": Counts(**document["counts"]),
                "splits": {
                    split: tuple(BucketRecords(**{**b, "files": tuple(b["files"])}) for b in buckets)
                    for split, buckets in document["splits"].items()
                },
                "vocabularies": {side: VocabularyFacts(**v) for side, v in document["vocabularies"].items()},
                "heldout": {split: HeldOut(**h) for split, h in document["heldout"].items()},
            }
        )
