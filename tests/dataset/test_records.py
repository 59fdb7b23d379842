"""Records: buckets, the hand-made wire format (TensorFlow reads the same ids, checksums included), the fingerprint."""

import hashlib
import struct
from pathlib import Path

import numpy as np
import pytest

from components.dataset.records import (
    MODULUS,
    SOURCE,
    TARGET,
    Bucket,
    Ids,
    bucket_lows,
    encode_records,
    fingerprint_of,
    format_fingerprint,
)

# One id at each edge of a varint's length, and lists at the edges of the nested lengths' varints.
EDGES = [
    [0],
    [127],
    [128, 16383, 16384, 2097151, 2097152, 2**31 - 1],
    [1] * 110,
    [300] * 64,
    [5] * 127,
    [9] * 16400,
    [],
]


def ids(lists: list[list[int]]) -> Ids:
    return Ids(
        np.array([value for values in lists for value in values], np.int32),
        np.concatenate([[0], np.cumsum([len(values) for values in lists])]).astype(np.int64),
    )


def read(path: Path) -> list[tuple[list[int], list[int]]]:
    tf = pytest.importorskip("tensorflow")
    features = {name: tf.io.RaggedFeature(tf.int64) for name in (SOURCE, TARGET)}
    pairs = []
    for records in tf.data.TFRecordDataset(str(path)).batch(4096):
        examples = tf.io.parse_example(records, features)
        pairs += zip(examples[SOURCE].to_list(), examples[TARGET].to_list(), strict=True)
    return pairs


@pytest.mark.parametrize(("length", "low"), [(1, 1), (6, 1), (7, 7), (12, 7), (50, 49)])
def test_a_pair_stands_in_the_bucket_of_its_longer_side(length: int, low: int) -> None:
    assert bucket_lows(np.array([length]), 6).tolist() == [low]
    for word in (0, 2, 100):
        bucket = Bucket("train", low, word)
        assert Bucket.of_file(bucket.file(6, 0, 1)) == bucket


def test_record_files_sort_by_length() -> None:
    names = [Bucket("train", low).file(6, 0, 1) for low in (1, 7, 13, 97)]
    assert names == sorted(names)
    assert names[0] == "records/train/bucket-001-006/part-00000-of-00001.tfrecord"


def test_tensorflow_reads_the_same_ids(tmp_path: Path) -> None:
    source, target = EDGES, EDGES[::-1]
    (tmp_path / "a.tfrecord").write_bytes(encode_records(ids(source), ids(target)))
    assert read(tmp_path / "a.tfrecord") == list(zip(source, target, strict=True))


def test_tensorflow_reads_random_ids(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    lists = [random.integers(0, 2 ** random.integers(1, 31), random.integers(1, 60)).tolist() for _ in range(600)]
    (tmp_path / "a.tfrecord").write_bytes(encode_records(ids(lists[:300]), ids(lists[300:])))
    assert read(tmp_path / "a.tfrecord") == list(zip(lists[:300], lists[300:], strict=True))


def test_the_bytes_are_those_that_tensorflow_writes() -> None:
    tf = pytest.importorskip("tensorflow")
    message = tf.train.Example()
    message.features.feature[SOURCE].int64_list.value.extend([7, 300, 4])
    message.features.feature[TARGET].int64_list.value.extend([2, 9, 3])
    framed = encode_records(ids([[7, 300, 4]]), ids([[2, 9, 3]]))
    assert framed[12:-4] == message.SerializeToString(deterministic=True)


def test_no_pairs_are_no_bytes() -> None:
    assert encode_records(ids([]), ids([])) == b""


def test_slices_can_be_put_together(tmp_path: Path) -> None:
    pieces = [encode_records(ids([[i]]), ids([[2, i, 3]])) for i in range(5)]
    (tmp_path / "a.tfrecord").write_bytes(b"".join(pieces))
    assert read(tmp_path / "a.tfrecord") == [([i], [2, i, 3]) for i in range(5)]


SOURCES = [[5, 4], [7], [9, 9, 9], [5, 4]]
TARGETS = [[2, 8, 3], [2, 3], [2, 1, 3], [2, 8, 3]]


def by_definition(split: str, source: list[int], target: list[int]) -> int:
    words = [len(source), *source, *target]
    return int.from_bytes(hashlib.sha256(split.encode() + struct.pack(f"<{len(words)}i", *words)).digest(), "big")


def test_the_fingerprint_is_the_sum_of_the_records_hashes() -> None:
    expected = sum(by_definition("train", *pair) for pair in zip(SOURCES, TARGETS, strict=True)) % MODULUS
    assert fingerprint_of("train", ids(SOURCES), ids(TARGETS)) == expected


def test_the_fingerprint_does_not_depend_on_order_or_grouping() -> None:
    whole = fingerprint_of("train", ids(SOURCES), ids(TARGETS))
    assert fingerprint_of("train", ids(SOURCES[::-1]), ids(TARGETS[::-1])) == whole
    parts = [fingerprint_of("train", ids(SOURCES[a:b]), ids(TARGETS[a:b])) for a, b in ((0, 1), (1, 4))]
    assert sum(parts) % MODULUS == whole


def test_the_fingerprint_depends_on_everything_else() -> None:
    whole = fingerprint_of("train", ids(SOURCES), ids(TARGETS))
    assert fingerprint_of("test", ids(SOURCES), ids(TARGETS)) != whole
    assert fingerprint_of("train", ids(SOURCES[:3]), ids(TARGETS[:3])) != whole
    assert fingerprint_of("train", ids([[5], *SOURCES[1:]]), ids([[4, 2, 8, 3], *TARGETS[1:]])) != whole


def test_the_fingerprint_has_64_digits() -> None:
    assert format_fingerprint(MODULUS + 10) == "0" * 63 + "a"
