"""Texts out of ``tf.train.Example`` messages, column by column rather than message by message.

The message is a few lines of protocol buffers (``tensorflow/core/example/{example,feature}.proto``)::

    Example   { Features features = 1; }
    Features  { map<string, Feature> feature = 1; }      entry: key = 1, value = 2
    Feature   { BytesList bytes_list = 1; … }
    BytesList { repeated bytes value = 1; }

All messages are walked through at once, feature by feature, wherever in its message each of them stands.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

_FIRST, _SECOND = 0x0A, 0x12
_VARINT_BYTES = 5


class ExampleError(Exception):
    """``message`` (a number, from 0) is no ``tf.train.Example``, or has other than one text under a name."""

    def __init__(self, message: int):
        super().__init__(message)
        self.message = message


def texts(buffer: bytes, begins: np.ndarray, ends: np.ndarray, names: Sequence[str]) -> list[pa.Array]:
    """The one text under each of the names, of each message.

    Args:
        buffer: message i is ``buffer[begins[i]:ends[i]]``; each begins behind the one before.
        begins: shape [n], n at least 1.
        ends: shape [n].
        names: of the features that hold one text each.

    Returns:
        For each name the texts, binary, shape [n]; null where a message has no such feature.

    Raises:
        ExampleError: see there.
    """
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
    """A place in each of some messages: ``rows`` are their numbers, ``at`` where each stands; shape [k] both."""

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
