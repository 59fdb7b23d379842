"""Writing: which file records go to."""

import pytest

from components.corpus.report import PartitionFacts
from components.corpus.writing import SHARD_BYTES, plan_shards
from components.dataset.records import Bucket

BUCKET = Bucket("train", 1)


def facts(*sizes: int) -> list[PartitionFacts]:
    return [
        PartitionFacts(partition, bytes={BUCKET: size}) if size else PartitionFacts(partition)
        for partition, size in enumerate(sizes)
    ]


@pytest.mark.parametrize(
    ("sizes", "num_shards", "shards"),
    [
        ((5, 5, 5, 5), 1, [0, 0, 0, 0]),
        ((5, 5, 5, 5), 2, [0, 0, 1, 1]),
        ((5, 5, 5, 5), 4, [0, 1, 2, 3]),
        ((5, 5, 5, 5), 9, [0, 1, 2, 3]),
        ((5, 0, 5, 5), 3, [0, 1, 2]),
        ((100, 1, 1, 1), 3, [0, 1, 1, 1]),
        ((5, 5), 0, [0, 0]),
        ((SHARD_BYTES, SHARD_BYTES, 5), 0, [0, 1, 2]),
    ],
)
def test_shards_hold_consecutive_partitions(sizes: tuple[int, ...], num_shards: int, shards: list[int]) -> None:
    plan = plan_shards(facts(*sizes)[::-1], num_shards)
    assert [plan.shard[BUCKET][partition] for partition in sorted(plan.shard[BUCKET])] == shards
    assert plan.total[BUCKET] == max(shards) + 1
