"""Length buckets: 1–6 tokens, 7–12, … by the longer side, SOS and EOS not counted."""

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Bucket:
    """Pairs whose longer side has ``low`` to ``high`` tokens, both included."""

    low: int
    high: int

    @classmethod
    def of(cls, length: int, width: int) -> "Bucket":
        """The bucket of a pair whose longer side has ``length`` tokens (1 or more)."""
        index = (length - 1) // width
        return cls(index * width + 1, (index + 1) * width)

    @property
    def name(self) -> str:
        """The folder's name; padded with zeros so that folders sort by length."""
        return f"bucket-{self.low:03d}-{self.high:03d}"
