"""Records: the buckets and files they stand in, their bytes, and the fingerprint of all of them.

A record is a ``tf.train.Example``: int64 ``source`` = (reversed) ids, ``target`` = SOS ids EOS. Records are encoded
column by column, not one by one. The message is a few lines of protocol buffers
(``tensorflow/core/example/{example,feature}.proto``)::

    Example   { Features features = 1; }
    Features  { map<string, Feature> feature = 1; }      entry: key = 1, value = 2
    Feature   { Int64List int64_list = 3; }
    Int64List { repeated int64 value = 1 [packed]; }

and a TFRecord (``tensorflow/core/lib/io/record_writer.h``) frames it with its length and two masked CRC-32C.

The fingerprint of a dataset is Σ sha256(split, source ids, target ids) mod 2²⁵⁶ over its records. A sum does not depend
on order: not on workers, shards or runners. It is no XOR, so a record that stands there twice does not vanish. The
split of records with a weight is called ``train*8``.
"""

import hashlib
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import google_crc32c
import numpy as np
import pyarrow as pa

# The names of an example's two features.
SOURCE, TARGET = "source", "target"
MODULUS = 2**256
_FRAME_HEAD, _FRAME_TAIL = 12, 4
_CRC_MASK = 0xA282EAD8


def bucket_lows(lengths: np.ndarray, width: int) -> np.ndarray:
    """The low ends of the length buckets (1–6, 7–12, … for a width of 6) that pairs stand in; int32, shape [n].

    Args:
        lengths: tokens on the longer side of each pair, 1 or more, SOS and EOS not counted; shape [n].
        width: of a bucket.
    """
    return ((lengths - 1) // width * width + 1).astype(np.int32)


class Bucket(NamedTuple):
    """Records that stand together: a split, the low end of a length bucket, and a word of the corpus.

    Words count from 1. They stand apart only in the train split of a corpus that has weights: elsewhere it is 0.
    """

    split: str
    low: int
    word: int = 0

    def file(self, width: int, shard: int, shards: int) -> str:
        """Where a shard stands, relative to the dataset's folder; padded with zeros, so that names sort."""
        folder = f"records/{self.split}/bucket-{self.low:03d}-{self.low + width - 1:03d}"
        word = f"word-{self.word:02d}/" if self.word else ""
        return f"{folder}/{word}part-{shard:05d}-of-{shards:05d}.tfrecord"

    @classmethod
    def of_file(cls, file: str) -> "Bucket":
        """The bucket that a file belongs to."""
        _, split, bucket, *word, _ = file.split("/")
        return cls(split, int(bucket.split("-")[1]), *(int(name.removeprefix("word-")) for name in word))


@dataclass(frozen=True)
class Ids:
    """A column of id lists: ``values`` (int32) holds them one behind another, list i is ``offsets[i]:offsets[i+1]``."""

    values: np.ndarray
    offsets: np.ndarray

    @classmethod
    def of(cls, lists: pa.ListArray) -> "Ids":
        offsets = lists.offsets.to_numpy()
        return cls(lists.flatten().to_numpy(zero_copy_only=False), (offsets - offsets[0]).astype(np.int64))

    @property
    def lengths(self) -> np.ndarray:
        return np.diff(self.offsets)


def encode_records(source: Ids, target: Ids) -> bytes:
    """The framed records of n pairs, one behind another: the content of a TFRecord file, or a slice of one."""
    features = [_feature(SOURCE, source), _feature(TARGET, target)]
    size = features[0].size + features[1].size
    message = 1 + _varint_sizes(size) + size
    ends = np.cumsum(_FRAME_HEAD + message + _FRAME_TAIL)
    begins = ends - message - _FRAME_TAIL
    out = np.zeros(ends[-1] if len(ends) else 0, np.uint8)
    at = _Cursor(out, begins)
    at.constant(b"\x0a")
    at.varints(size)
    for feature in features:
        feature.write(at)
    _frame(out, begins, message)
    return out.tobytes()


class _Cursor:
    """Writes a piece of every record at a time; ``at`` is where each record's next byte goes, shape [n]."""

    def __init__(self, out: np.ndarray, at: np.ndarray):
        self.out, self.at = out, at.copy()

    def constant(self, text: bytes) -> None:
        self.out[self.at[:, None] + np.arange(len(text))] = np.frombuffer(text, np.uint8)
        self.at += len(text)

    def varints(self, values: np.ndarray) -> None:
        sizes = _varint_sizes(values)
        _put_varints(self.out, self.at, values, sizes)
        self.at += sizes

    def packed(self, ids: Ids, sizes: np.ndarray, payload: np.ndarray) -> None:
        """The ids of each record as varints; ``sizes`` of each id, ``payload`` of each record, in bytes."""
        before = np.cumsum(sizes) - sizes
        shift = self.at - (np.cumsum(payload) - payload)
        _put_varints(self.out, before + np.repeat(shift, ids.lengths), ids.values, sizes)
        self.at += payload


@dataclass(frozen=True)
class _Feature:
    """One entry of the map, for n records; the sizes are those of the nested messages, shape [n], in bytes."""

    name: bytes
    ids: Ids
    id_sizes: np.ndarray
    payload: np.ndarray
    int64_list: np.ndarray
    feature: np.ndarray
    entry: np.ndarray

    @property
    def size(self) -> np.ndarray:
        return 1 + _varint_sizes(self.entry) + self.entry

    def write(self, at: _Cursor) -> None:
        at.constant(b"\x0a")
        at.varints(self.entry)
        at.constant(b"\x0a" + bytes([len(self.name)]) + self.name + b"\x12")
        at.varints(self.feature)
        at.constant(b"\x1a")
        at.varints(self.int64_list)
        at.constant(b"\x0a")
        at.varints(self.payload)
        at.packed(self.ids, self.id_sizes, self.payload)


def _feature(name: str, ids: Ids) -> _Feature:
    sizes = _varint_sizes(ids.values)
    summed = np.concatenate([[0], np.cumsum(sizes)])
    payload = np.diff(summed[ids.offsets])
    int64_list = 1 + _varint_sizes(payload) + payload
    feature = 1 + _varint_sizes(int64_list) + int64_list
    entry = 2 + len(name) + 1 + _varint_sizes(feature) + feature
    return _Feature(name.encode(), ids, sizes, payload, int64_list, feature, entry)


def _varint_sizes(values: np.ndarray) -> np.ndarray:
    """Bytes that each value (0 to 2³¹ - 1) takes as a varint: 7 bits a byte."""
    sizes = np.ones(len(values), np.int64)
    for bits in (7, 14, 21, 28):
        more = values >= 1 << bits
        if not more.any():
            break
        sizes += more
    return sizes


def _put_varints(out: np.ndarray, at: np.ndarray, values: np.ndarray, sizes: np.ndarray) -> None:
    for byte in range(int(sizes.max(initial=0))):
        if byte:
            longer = sizes > byte
            at, values, sizes = at[longer], values[longer], sizes[longer]
        more = (sizes > byte + 1).astype(np.uint8) << 7
        out[at + byte] = ((values >> 7 * byte) & 0x7F).astype(np.uint8) | more


def _frame(out: np.ndarray, begins: np.ndarray, message: np.ndarray) -> None:
    """Writes length and checksums around each message."""
    lengths = np.ascontiguousarray(message.astype("<u8"))[:, None].view(np.uint8)
    out[(begins - _FRAME_HEAD)[:, None] + np.arange(8)] = lengths
    # Lengths repeat: a checksum for each distinct one is enough.
    distinct, inverse = np.unique(message, return_inverse=True)
    head = np.array([google_crc32c.value(int(length).to_bytes(8, "little")) for length in distinct], np.uint32)
    view, checksum = memoryview(out.data), google_crc32c.value
    ends = begins + message
    # The C extension takes bytes objects only.
    data = [checksum(bytes(view[begin:end])) for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)]
    for at, checksums in ((begins - 4, head[inverse]), (ends, np.array(data, np.uint32))):
        masked = ((checksums >> 15) | (checksums << 17)) + np.uint32(_CRC_MASK)
        out[at[:, None] + np.arange(4)] = np.ascontiguousarray(masked.astype("<u4"))[:, None].view(np.uint8)


def fingerprint_of(split: str, source: Ids, target: Ids) -> int:
    """The summands of n records of one split, added up.

    What is hashed of a record: the split's name in UTF-8, then, as little-endian 32-bit numbers, how many source ids
    there are, the source ids as in the record, and the target ids (SOS and EOS included).
    """
    records = len(source.offsets) - 1
    begins = source.offsets + target.offsets + np.arange(records + 1)
    words = np.empty(begins[-1], "<i4")
    words[begins[:-1]] = source.lengths
    words[np.arange(len(source.values)) + np.repeat(begins[:-1] + 1 - source.offsets[:-1], source.lengths)] = (
        source.values
    )
    target_begins = begins[:-1] + 1 + source.lengths
    words[np.arange(len(target.values)) + np.repeat(target_begins - target.offsets[:-1], target.lengths)] = (
        target.values
    )
    name, content, bounds = split.encode(), words.tobytes(), (4 * begins).tolist()
    digests = b"".join([hashlib.sha256(name + content[begin:end]).digest() for begin, end in pairwise(bounds)])
    # Columns of 32 bits, added in 64: no overflow below 2³² records.
    columns = np.frombuffer(digests, ">u4").reshape(-1, 8).sum(axis=0, dtype=np.uint64)
    return sum(int(column) << 32 * (7 - place) for place, column in enumerate(columns)) % MODULUS


def format_fingerprint(fingerprint: int) -> str:
    """As it stands in the manifest: 64 hexadecimal digits."""
    return f"{fingerprint % MODULUS:064x}"
