"""TFRecord files of ``tf.train.Example`` messages, read without TensorFlow.

A record is framed (``tensorflow/core/lib/io/record_writer.h``) by its length (8 bytes) and the masked CRC-32C of that
in front, and by its own behind. Reading can start at any record whose offset is known. The message is a few lines of
protocol buffers (``tensorflow/core/example/{example,feature}.proto``)::

    Example   { Features features = 1; }
    Features  { map<string, Feature> feature = 1; }      entry: key = 1, value = 2
    Feature   { BytesList bytes_list = 1; … }
    BytesList { repeated bytes value = 1; }

Texts are taken out of all messages at once, feature by feature, wherever in its message each of them stands.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from struct import Struct

import google_crc32c
import numpy as np
import pyarrow as pa

from components.corpus.files import CHUNK, STRIDE, file_digest, is_remote, open_raw
from components.errors import InputError

_HEAD, _TAIL = Struct("<QI"), 4
_CRC_MASK = 0xA282EAD8
# Tags of the protocol's fields 1 and 2, and the longest varint that is read.
_FIRST, _SECOND = 0x0A, 0x12
_VARINT_BYTES = 5


@dataclass(frozen=True)
class Records:
    """Consecutive whole records: ``buffer`` as in the file; record i is ``buffer[begins[i]:ends[i]]``."""

    buffer: bytes
    begins: np.ndarray
    ends: np.ndarray


@dataclass(frozen=True)
class RecordScan:
    """What one pass over a file finds: its digest, its records, and where every ``STRIDE``-th begins (bytes).

    A remote file is not read for that: ``records`` is how many it is said to hold, and reading begins at its start.
    """

    digest: str
    records: int
    starts: tuple[int, ...]

    def records_from(self, start: int) -> range:
        """The records (from 0) from ``starts[start]`` to the next start, or to the end."""
        first = start * STRIDE
        return range(first, self.records if start == len(self.starts) - 1 else first + STRIDE)


def scan_records(path: str, expected: int) -> RecordScan:
    """Reads the file once (remembered as long as it does not change); ``expected``: how many records it is to hold.

    Raises:
        InputError: if there are other than these, or the file is damaged, as far as the lengths of the records show.
    """
    if is_remote(path):
        return RecordScan(file_digest(path), expected, (0,))
    status = Path(path).stat()
    scan = _scan(path, status.st_size, status.st_mtime_ns)
    if scan.records != expected:
        raise InputError(f"{path} holds {scan.records} records, must hold {expected}")
    return scan


@lru_cache(maxsize=4096)
def _scan(path: str, size: int, modified: int) -> RecordScan:
    digest, records, offset = hashlib.sha256(), 0, 0
    starts: list[int] = []
    for run in read_records(path):
        digest.update(run.buffer)
        begins = run.begins - _HEAD.size
        starts.extend(int(begin) + offset for begin in begins[-records % STRIDE :: STRIDE])
        records, offset = records + len(begins), offset + len(run.buffer)
    return RecordScan(digest.hexdigest(), records, tuple(starts))


def read_records(path: str, offset: int = 0, first: int = 0) -> Iterator[Records]:
    """The records of a file from a byte on, where record ``first`` (from 0) begins, in runs of about ``CHUNK``.

    Raises:
        InputError: if a length is damaged, or the last record cut off.
    """
    rest, done = b"", first
    with open_raw(path) as file:
        file.seek(offset)
        while chunk := file.read(CHUNK):
            buffer = rest + chunk
            begins, ends, wanted = _frames(buffer, path, done)
            if wanted:
                # A record larger than a chunk.
                buffer += file.read(wanted)
                begins, ends, _ = _frames(buffer, path, done)
            whole = ends[-1] + _TAIL if ends else 0
            if begins:
                yield Records(buffer[:whole], np.array(begins), np.array(ends))
            rest, done = buffer[whole:], done + len(begins)
    if rest:
        raise InputError(f"{path} is cut off after record {done}")


def _frames(buffer: bytes, path: str, done: int) -> tuple[list[int], list[int], int]:
    """Where the whole records begin and end; if there is none, how many bytes are missing to the first."""
    begins: list[int] = []
    ends: list[int] = []
    at, size = 0, len(buffer)
    while at + _HEAD.size <= size:
        length, checksum = _HEAD.unpack_from(buffer, at)
        if checksum != _length_checksum(length):
            raise InputError(f"{path} is damaged or no TFRecord file: the length of record {done + len(begins) + 1}")
        end = at + _HEAD.size + length
        if end + _TAIL > size:
            return begins, ends, 0 if begins else end + _TAIL - size
        begins.append(at + _HEAD.size)
        ends.append(end)
        at = end + _TAIL
    return begins, ends, 0


@lru_cache(maxsize=1 << 16)
def _length_checksum(length: int) -> int:
    return _masked(google_crc32c.value(length.to_bytes(8, "little")))


def _masked(checksum: int) -> int:
    return (((checksum >> 15) | (checksum << 17)) + _CRC_MASK) & 0xFFFFFFFF


def check_records(records: Records, path: str, first: int) -> None:
    """Compares the checksums of the records, the first of which is record ``first`` (from 0) of the file.

    Raises:
        InputError: if one is wrong; it says which.
    """
    view, checksum = memoryview(records.buffer), google_crc32c.value
    # The C extension takes bytes objects only.
    found = [
        checksum(bytes(view[begin:end]))
        for begin, end in zip(records.begins.tolist(), records.ends.tolist(), strict=True)
    ]
    positions = records.ends[:, None] + np.arange(_TAIL)
    stored = np.frombuffer(records.buffer, np.uint8)[positions].view("<u4")[:, 0]
    computed = np.array(found, np.uint32)
    masked = ((computed >> 15) | (computed << 17)) + np.uint32(_CRC_MASK)
    if wrong := np.flatnonzero(masked != stored).tolist():
        raise InputError(f"{path}, record {first + wrong[0] + 1} is damaged: its checksum is wrong")


class ExampleError(Exception):
    """Message number ``message`` (from 0) is no ``tf.train.Example``, or has other than one text under a name."""

    def __init__(self, message: int):
        super().__init__(message)
        self.message = message


def example_texts(records: Records, names: Sequence[str]) -> list[pa.Array]:
    """The one text under each of the names, of each message.

    Args:
        records: n messages, at least 1; each begins behind the one before.
        names: of the features that hold one text each.

    Returns:
        For each name the texts, binary, shape [n]; null where a message has no such feature.

    Raises:
        ExampleError: see there.
    """
    buffer, begins, ends = records.buffer, records.begins, records.ends
    walk = _Walk(np.frombuffer(buffer, np.uint8), begins, np.arange(len(begins)))
    walk.enter(_FIRST, ends, exactly=True)
    # Where the text under each name begins and ends; before it is found, and if it is not, an empty one.
    spans = [np.stack([begins, begins], axis=1) for _ in names]
    found = [np.zeros(len(begins), bool) for _ in names]
    while (walk := walk.where(walk.at < ends[walk.rows])).rows.size:
        entry_ends = walk.enter(_FIRST, ends[walk.rows])
        key_ends = walk.enter(_FIRST, entry_ends)
        keys, walk.at = walk.at.copy(), key_ends
        for span, known, name in zip(spans, found, names, strict=True):
            named = walk.equal(keys, key_ends, name.encode())
            if not named.any():
                continue
            value, value_ends = walk.where(named), entry_ends[named]
            for tag in (_SECOND, _FIRST, _FIRST):
                value.enter(tag, value_ends, exactly=True)
            span[value.rows] = np.stack([value.at, value_ends], axis=1)
            known[value.rows] = True
        walk.at = entry_ends
    return [_cut(buffer, span, known) for span, known in zip(spans, found, strict=True)]


class _Walk:
    """A position in each of some messages: ``rows`` are their numbers, ``at`` bytes in the buffer; shape [k] both."""

    def __init__(self, data: np.ndarray, at: np.ndarray, rows: np.ndarray):
        self.data, self.at, self.rows = data, at.copy(), rows

    def where(self, mask: np.ndarray) -> "_Walk":
        return _Walk(self.data, self.at[mask], self.rows[mask])

    def enter(self, tag: int, limits: np.ndarray, exactly: bool = False) -> np.ndarray:
        """Steps over a field's tag and size, into it; gives where it ends: at the limit, or not behind it."""
        self._require(self._byte(self.at) == tag)
        self.at += 1
        ends = self._varints() + self.at
        self._require(ends == limits if exactly else ends <= limits)
        return ends

    def equal(self, begins: np.ndarray, ends: np.ndarray, text: bytes) -> np.ndarray:
        same = ends - begins == len(text)
        for index, byte in enumerate(text):
            same &= self._byte(begins + index) == byte
        return same

    def _varints(self) -> np.ndarray:
        values, more = np.zeros(len(self.at), np.int64), np.ones(len(self.at), bool)
        for index in range(_VARINT_BYTES):
            byte = self._byte(self.at).astype(np.int64)
            values += np.where(more, byte & 0x7F, 0) << 7 * index
            self.at += more
            more &= byte >= 0x80
            if not more.any():
                return values
        self._require(~more)
        return values

    def _byte(self, at: np.ndarray) -> np.ndarray:
        # Behind the end there is nothing that a message could mean; what is read there breaks a limit.
        return self.data.take(at, mode="clip")

    def _require(self, holds: np.ndarray) -> None:
        if not holds.all():
            raise ExampleError(int(self.rows[np.argmin(holds)]))


def _cut(buffer: bytes, spans: np.ndarray, found: np.ndarray) -> pa.Array:
    """The pieces of a buffer, shape [n, 2] (begin, end), as an array.

    Begins and ends one after the other are the offsets of an array in which every second element is wanted.
    """
    offsets = pa.py_buffer(np.ascontiguousarray(spans, np.int32))
    pieces = pa.Array.from_buffers(pa.binary(), 2 * len(spans) - 1, [None, offsets, pa.py_buffer(buffer)])
    return pieces.take(pa.array(np.arange(0, 2 * len(spans), 2), mask=~found))
