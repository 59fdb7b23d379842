"""The hand-made wire format: TensorFlow reads the same ids from it, checksums included."""

from pathlib import Path

import numpy as np
import pytest

from components.dataset.example import SOURCE, TARGET
from components.dataset.records import Ids, encode_records

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


def test_stretches_can_be_put_together(tmp_path: Path) -> None:
    pieces = [encode_records(ids([[i]]), ids([[2, i, 3]])) for i in range(5)]
    (tmp_path / "a.tfrecord").write_bytes(b"".join(pieces))
    assert read(tmp_path / "a.tfrecord") == [([i], [2, i, 3]) for i in range(5)]
