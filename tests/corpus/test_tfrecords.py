"""Texts out of tf.train.Example messages and records out of TFRecord files, against TensorFlow's own."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.corpus.sources import tfrecords
from components.corpus.sources.tfrecords import (
    ExampleError,
    Records,
    check_records,
    example_texts,
    read_records,
    scan_records,
)
from components.errors import InputError


def example(**features: Any) -> bytes:
    """A message; a list of texts, of whole numbers or of numbers under each name."""
    import tensorflow as tf

    def feature(values: list[Any]) -> tf.train.Feature:
        if values and isinstance(values[0], int):
            return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
        if values and isinstance(values[0], float):
            return tf.train.Feature(float_list=tf.train.FloatList(value=values))
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))

    named = {name: feature(values) for name, values in features.items()}
    return tf.train.Example(features=tf.train.Features(feature=named)).SerializeToString()


def read(messages: list[bytes], *names: str) -> list[list[bytes | None]]:
    ends = np.cumsum([len(message) for message in messages], dtype=np.int64)
    begins = ends - [len(message) for message in messages]
    return [side.to_pylist() for side in example_texts(Records(b"".join(messages), begins, ends), names)]


LENGTHS = [0, 1, 100, 127, 128, 16_000, 16_384, 3_000_000]


def test_texts_of_any_length_in_any_order_among_others() -> None:
    messages = [example(en=[b"e" * length], fr=[b"f" * (length + 1)]) for length in LENGTHS]
    messages += [example(fr=[b"second"], id=[7, 8], en=[b"first"]), example(a=[0.5] * 300, en=[b"x"], fr=[b"y"])]
    english, french = read(messages, "en", "fr")
    assert english == [*(b"e" * length for length in LENGTHS), b"first", b"x"]
    assert french == [*(b"f" * (length + 1) for length in LENGTHS), b"second", b"y"]
    assert read(messages[-2:], "fr", "en") == [[b"second", b"y"], [b"first", b"x"]]


def test_many_messages_without_an_order_of_features() -> None:
    """A map has no order: each message walks its own way."""
    random = np.random.default_rng(1)
    expected, messages = [], []
    for number in range(500):
        features = {"en": [b"e%d" % number], "fr": [b"f" * int(random.integers(300))], "number": [number], "none": []}
        names = [str(name) for name in random.permutation(list(features))]
        messages.append(b"".join(_inner(example(**{name: features[name]})) for name in names))
        expected.append((features["en"][0], features["fr"][0]))
    messages = [b"\x0a" + _varint(len(inner)) + inner for inner in messages]
    assert list(zip(*read(messages, "en", "fr"), strict=True)) == expected


def _inner(message: bytes) -> bytes:
    """The entries of the map, without what is around it."""
    from tensorflow.core.example.example_pb2 import Example

    return Example.FromString(message).features.SerializeToString()


def _varint(number: int) -> bytes:
    return bytes([number & 0x7F | 0x80, *_varint(number >> 7)]) if number > 0x7F else bytes([number])


def test_what_is_missing_is_null() -> None:
    assert read([example(en=[b"a"]), example(fr=[b"b"], en=[b"c"])], "en", "fr") == [[b"a", b"c"], [None, b"b"]]


@pytest.mark.parametrize(
    "bad",
    [
        b"no message",
        b"\x0a\x05abcde",
        b"\x0a\xff\xff\xff\xff\xff\xff",
        example(en=[1], fr=[b"b"]),
        example(en=[b"a", b"b"], fr=[b"c"]),
        example(en=[], fr=[b"c"]),
        example(en=[b"a"], fr=[b"c"])[:-1],
        example(en=[b"a"], fr=[b"c"]) + b"\x0a",
    ],
)
def test_what_holds_other_than_one_text_is_named(bad: bytes) -> None:
    with pytest.raises(ExampleError) as error:
        read([example(en=[b"a"], fr=[b"b"]), bad, example(en=[b"c"], fr=[b"d"])], "en", "fr")
    assert error.value.message == 1


def write_records(path: Path, records: list[bytes]) -> str:
    import tensorflow as tf

    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record)
    return str(path)


def records_of(path: str, offset: int = 0, first: int = 0) -> list[bytes]:
    found: list[bytes] = []
    for records in read_records(path, offset, first):
        check_records(records, path, first + len(found))
        found += [records.buffer[begin:end] for begin, end in zip(records.begins, records.ends, strict=True)]
    return found


@pytest.mark.parametrize("chunk", [1, 13, 1000, 1 << 20])
def test_records_as_tensorflow_writes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(tfrecords, "CHUNK", chunk)
    monkeypatch.setattr(tfrecords, "STRIDE", 3)
    records = [bytes([number]) * (number * 37 % 400) for number in range(20)]
    path = write_records(tmp_path / f"{chunk}", records)
    assert records_of(path) == records
    scan = scan_records(path, 20)
    assert len(scan.starts) == 7
    for index, start in enumerate(scan.starts):
        assert records_of(path, start, 3 * index) == records[3 * index :]
    with pytest.raises(InputError, match=r"holds 20 records, must hold 21"):
        scan_records(path, 21)


def test_every_damaged_byte_is_noticed(tmp_path: Path) -> None:
    path = Path(write_records(tmp_path / "whole", [b"first", b"second", b"third"]))
    content = path.read_bytes()
    for offset in range(len(content)):
        path.write_bytes(content[:offset] + bytes([content[offset] ^ 0x10]) + content[offset + 1 :])
        with pytest.raises(InputError, match=r"whole(, record \d is damaged| is damaged or no TFRecord file)"):
            records_of(str(path))
    for length in range(1, len(content)):
        path.write_bytes(content[:length])
        if length not in (21, 43):
            with pytest.raises(InputError, match=r"whole is cut off after record \d"):
                records_of(str(path))
