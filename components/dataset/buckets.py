"""Length buckets: 1–6 tokens, 7–12, … by the longer side, SOS and EOS not counted."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, order=True)
class Bucket:
    """Pairs whose longer side has ``low`` to ``high`` tokens, both included."""

    low: int
    high: int

    @classmethod
    def of(cls, length: int, width: int) -> "Bucket":
        """The bucket of a pair whose longer side has ``length`` tokens (1 or more)."""
        low = (length - 1) // width * width + 1
        return cls(low, low + width - 1)

    @staticmethod
    def lows(lengths: np.ndarray, width: int) -> np.ndarray:
        """The low ends of the buckets of many pairs at once; int32, shape [n]."""
        return ((lengths - 1) // width * width + 1).astype(np.int32)

    @property
    def name(self) -> str:
        """The folder's name; padded with zeros so that folders sort by length."""
        return f"bucket-{self.low:03d}-{self.high:03d}"
