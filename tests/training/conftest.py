"""A small prepared dataset, written with the dataset room's own means, so that no pipeline has to run."""

from collections import defaultdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from components.dataset.heldout import write_heldout
from components.dataset.manifest import BucketRecords, Counts, Manifest
from components.dataset.records import Bucket, Ids, bucket_lows, encode_records
from components.text.codec import TextCodec
from components.training.validation import Validation
from tests.text.codecs import learned_codec
from tests.training.trainings import nothing_found

PAIRS = {"train": 240, "validation": 40}


def make_pairs(count: int, seed: int) -> list[tuple[str, str]]:
    """Sentences of digits, written out in two languages; the longest has 14 words."""
    random = np.random.default_rng(seed)
    english = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    french = ["zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf"]
    digits = [random.integers(0, 10, random.integers(1, 15)) for _ in range(count)]
    return [(" ".join(english[d] for d in number), " ".join(french[d] for d in number)) for number in digits]


@pytest.fixture
def untranslated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Validation translates each sentence into nothing."""
    monkeypatch.setattr(Validation, "_search", lambda self, projection: nothing_found)


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the dataset: 240 pairs for training in two files a bucket, 40 for validation."""
    folder = tmp_path_factory.mktemp("dataset")
    pairs = {split: make_pairs(count, seed) for seed, (split, count) in enumerate(PAIRS.items())}
    codec = learned_codec(pairs["train"])
    codec.save(folder)
    manifest = Manifest(
        key="test",
        fingerprint="0" * 64,
        parameters={"max_length": 50},
        counts=Counts(280, 280, 0, {}),
        splits={split: write_records(folder, codec, split, pairs[split]) for split in PAIRS},
        vocabularies={},
        heldout={"validation": write_heldout(folder, "validation", pairs["validation"], given=False)},
    )
    manifest.save(folder)
    return folder


def write_records(
    folder: Path, codec: TextCodec, split: str, pairs: list[tuple[str, str]]
) -> tuple[BucketRecords, ...]:
    sources, targets = zip(*pairs, strict=True)
    buckets = defaultdict(list)
    sides = codec.encode_pairs(pa.array(sources), pa.array(targets))
    for source, target in zip(*(side.to_pylist() for side in sides), strict=True):
        low = int(bucket_lows(np.array([max(len(source), len(target) - 2)]), 6)[0])
        buckets[low].append((source, target))
    written = []
    for low, records in sorted(buckets.items()):
        files = []
        for shard in range(2):
            file = Bucket(split, low).file(6, shard, 2)
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            source, target = (pa.array(ids, pa.list_(pa.int32())) for ids in zip(*records[shard::2], strict=True))
            (folder / file).write_bytes(encode_records(Ids.of(source), Ids.of(target)))
            files.append(file)
        written.append(BucketRecords(low, low + 5, tuple(files), 0, len(records), 0, 0, 0.0))
    return tuple(written)
