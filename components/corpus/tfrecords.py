"""TFRecord files, read without TensorFlow.

A record is framed (``tensorflow/core/lib/io/record_writer.h``) by its length (8 bytes) and that one's masked CRC-32C
in front, and its own behind. Reading can start at any record whose place is known.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from struct import Struct

import google_crc32c
import numpy as np

from components.corpus.files import CHUNK, STRIDE, file_digest, is_remote, open_raw
from components.errors import InputError

_HEAD, _TAIL = Struct("<QI"), 4
_CRC_MASK = 0xA282EAD8


@dataclass(frozen=True)
class Stretch:
    """Consecutive whole records: ``buffer`` as in the file; record i is ``buffer[begins[i]:ends[i]]``."""

    buffer: bytes
    begins: np.ndarray
    ends: np.ndarray


@dataclass(frozen=True)
class RecordScan:
    """What one pass over a file tells: its digest, its records, and where every ``STRIDE``-th begins (bytes).

    A remote file is not read for that: ``records`` is what it is said to hold, and there is one place to begin.
    """

    digest: str
    records: int
    starts: tuple[int, ...]

    def records_from(self, start: int) -> range:
        """The records (from 0) from ``starts[start]`` to the next start, or to the end."""
        first = start * STRIDE
        return range(first, self.records if start == len(self.starts) - 1 else first + STRIDE)


def scan_records(path: str, said: int) -> RecordScan:
    """Reads the file once (remembered as long as it does not change); ``said``: how many records it is to hold.

    Raises:
        InputError: if there are other than these, or the file is damaged, as far as the lengths of the records tell.
    """
    if is_remote(path):
        return RecordScan(file_digest(path), said, (0,))
    status = Path(path).stat()
    scan = _scan(path, status.st_size, status.st_mtime_ns)
    if scan.records != said:
        raise InputError(f"{path} holds {scan.records} records, must hold {said}")
    return scan


@lru_cache(maxsize=4096)
def _scan(path: str, size: int, modified: int) -> RecordScan:
    digest, records, offset = hashlib.sha256(), 0, 0
    starts: list[int] = []
    for stretch in stretches(path):
        digest.update(stretch.buffer)
        begins = stretch.begins - _HEAD.size
        starts.extend(int(begin) + offset for begin in begins[-records % STRIDE :: STRIDE])
        records, offset = records + len(begins), offset + len(stretch.buffer)
    return RecordScan(digest.hexdigest(), records, tuple(starts))


def stretches(path: str, offset: int = 0, first: int = 0) -> Iterator[Stretch]:
    """The records of a file from a byte on, where record ``first`` (from 0) begins, in stretches of about ``CHUNK``.

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
                yield Stretch(buffer[:whole], np.array(begins), np.array(ends))
            rest, done = buffer[whole:], done + len(begins)
    if rest:
        raise InputError(f"{path} is cut off after record {done}")


def _frames(buffer: bytes, path: str, done: int) -> tuple[list[int], list[int], int]:
    """Where the whole records begin and end; if there is none, how many bytes are wanting to the first."""
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


def check_records(stretch: Stretch, path: str, first: int) -> None:
    """Compares the checksums of the records, the first of which is record ``first`` (from 0) of the file.

    Raises:
        InputError: if one is wrong; it says whose.
    """
    view, checksum = memoryview(stretch.buffer), google_crc32c.value
    # The C extension takes bytes objects only.
    found = [
        checksum(bytes(view[begin:end]))
        for begin, end in zip(stretch.begins.tolist(), stretch.ends.tolist(), strict=True)
    ]
    places = stretch.ends[:, None] + np.arange(_TAIL)
    stored = np.frombuffer(stretch.buffer, np.uint8)[places].view("<u4")[:, 0]
    computed = np.array(found, np.uint32)
    masked = ((computed >> 15) | (computed << 17)) + np.uint32(_CRC_MASK)
    if wrong := np.flatnonzero(masked != stored).tolist():
        raise InputError(f"{path}, record {first + wrong[0] + 1} is damaged: its checksum is wrong")
