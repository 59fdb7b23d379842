"""The fingerprint of a dataset: Σ sha256(split, source ids, target ids) mod 2²⁵⁶ over its records.

A sum does not depend on order: not on workers, shards or runners. It is no XOR, so a record that stands there twice
does not vanish.
"""

import hashlib
from itertools import pairwise

import numpy as np

from components.dataset.records import Ids

MODULUS = 2**256


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


def spell(fingerprint: int) -> str:
    """As it stands in the manifest: 64 hexadecimal digits."""
    return f"{fingerprint % MODULUS:064x}"
