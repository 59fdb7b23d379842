"""Which file a partition's records of a bucket go to."""

from collections.abc import Iterable
from dataclasses import dataclass

from components.corpus.tokenizing import PartitionFacts

# Files about this large are read well by tf.data and written well by one worker.
SHARD_BYTES = 64 << 20


@dataclass(frozen=True)
class Shards:
    """``shard[split, low][partition]`` and ``total[split, low]``.

    A shard holds consecutive partitions: the files of a bucket, read one behind another, hold the same records in the
    same order however many files there are.
    """

    shard: dict[tuple[str, int], dict[int, int]]
    total: dict[tuple[str, int], int]


def plan_shards(facts: Iterable[PartitionFacts], num_shards: int) -> Shards:
    """Deals the records of each bucket out to files.

    Args:
        facts: those of all partitions, in any order.
        num_shards: files a bucket, if it has that many partitions with records; 0: as many as its size asks for.
    """
    shard: dict[tuple[str, int], dict[int, int]] = {}
    sizes: dict[tuple[str, int], list[int]] = {}
    ordered = sorted(facts, key=lambda facts: facts.partition)
    for partition in ordered:
        for bucket, size in partition.bytes.items():
            shard.setdefault(bucket, {})[partition.partition] = -1
            sizes.setdefault(bucket, []).append(size)
    total = {}
    for bucket, partitions in shard.items():
        whole = sum(sizes[bucket])
        wanted = min(num_shards or -(-whole // SHARD_BYTES), len(partitions))
        before, last, number = 0, -1, -1
        for partition_number, size in zip(partitions, sizes[bucket], strict=True):
            slot = before * wanted // whole
            number += slot != last
            last, before = slot, before + size
            partitions[partition_number] = number
        total[bucket] = number + 1
    return Shards(shard, total)
