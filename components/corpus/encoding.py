"""Encoding: from tokens to the bytes of TFRecord files, bucket by bucket."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import apache_beam as beam
import numpy as np
import pyarrow as pa

from components.corpus.blocks import spread
from components.corpus.shards import Shards
from components.corpus.tokenizing import SIDES
from components.corpus.vocabulary_count import RankedTokens
from components.dataset.manifest import SPLITS
from components.dataset.records import Ids, encode_records, fingerprint_of, record_file
from components.text.codec import CodecSettings, TokenCodec
from components.text.vocabulary import UNK, Vocabulary


@dataclass(frozen=True)
class RecordFacts:
    """What is known of a stretch of records. Lengths and tokens do not count SOS, but EOS of the target."""

    records: int = 0
    source_tokens: int = 0
    target_tokens: int = 0
    longest_target: int = 0
    unknown_source: int = 0
    unknown_target: int = 0
    fingerprint: int = 0

    def __add__(self, other: "RecordFacts") -> "RecordFacts":
        return RecordFacts(
            self.records + other.records,
            self.source_tokens + other.source_tokens,
            self.target_tokens + other.target_tokens,
            max(self.longest_target, other.longest_target),
            self.unknown_source + other.unknown_source,
            self.unknown_target + other.unknown_target,
            self.fingerprint + other.fingerprint,
        )


@dataclass(frozen=True)
class Stretch:
    """The records of one partition in one bucket, ready to be written."""

    partition: int
    content: bytes
    facts: RecordFacts


class Encode(beam.DoFn):
    """(partition, block with columns ``TOKENIZED``) → (file, stretch of it).

    Side inputs: the vocabularies (side → :class:`RankedTokens`) and the :class:`Shards`.
    """

    def __init__(self, settings: CodecSettings, bucket_width: int):
        self.settings, self.bucket_width = settings, bucket_width
        self.codec: TokenCodec | None = None

    def process(
        self, element: tuple[int, pa.RecordBatch], ranked: Mapping[str, RankedTokens], shards: Shards
    ) -> Iterator[tuple[str, Stretch]]:
        partition, block = element
        if self.codec is None:
            vocabularies = (Vocabulary(ranked[side].vocabulary()) for side in SIDES)
            self.codec = TokenCodec(self.settings, *vocabularies)
        columns = self.codec.source_ids(block["source"]), self.codec.target_ids(block["target"])
        splits, lows = block["split"].to_numpy(), block["low"].to_numpy()

        def stretch(bucket: tuple[int, int]) -> tuple[str, Stretch]:
            split, low = bucket
            rows = pa.array((splits == split) & (lows == low))
            ids = [Ids.of(column.filter(rows)) for column in columns]
            name = SPLITS[split], int(low)
            file = record_file(*name, self.bucket_width, shards.shard[name][partition], shards.total[name])
            return file, Stretch(partition, encode_records(*ids), _facts(SPLITS[split], *ids))

        buckets = [(split, low) for split in np.unique(splits) for low in np.unique(lows[splits == split])]
        yield from spread(stretch, buckets)


def _facts(split: str, source: Ids, target: Ids) -> RecordFacts:
    lengths = target.lengths - 1
    return RecordFacts(
        records=len(lengths),
        source_tokens=len(source.values),
        target_tokens=int(lengths.sum()),
        longest_target=int(lengths.max()),
        unknown_source=int((source.values == UNK).sum()),
        unknown_target=int((target.values == UNK).sum()),
        fingerprint=fingerprint_of(split, source, target),
    )
