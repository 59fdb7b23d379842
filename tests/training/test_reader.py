"""Batches: every record once, one bucket each, in an order that is a function of (seed, epoch)."""

import numpy as np

from components.dataset.manifest import Manifest
from components.training.reader import BatchReader


def reader(dataset, batch_tokens: int = 100, seed: int = 42) -> BatchReader:
    return BatchReader(dataset, Manifest.load(dataset), "train", batch_tokens, seed)


def listed(batches) -> list[tuple[list, list]]:
    return [(source.numpy().tolist(), target.numpy().tolist()) for source, target in batches]


def sentences(batches) -> list[tuple]:
    return sorted(
        tuple(tuple(i for i in ids if i) for ids in pair)
        for source, target in batches
        for pair in zip(source, target, strict=True)
    )


def test_an_epoch_holds_every_record_once(dataset):
    whole = sentences(listed(reader(dataset).in_order()))
    assert len(whole) == 240
    assert sentences(listed(reader(dataset).shuffled(0))) == whole
    assert sentences(listed(reader(dataset).shuffled(1))) == whole


def test_the_number_of_batches_is_known_beforehand(dataset):
    batches = reader(dataset)
    assert len(listed(batches.shuffled(0))) == batches.batches > 10


def test_order_is_a_function_of_seed_and_epoch(dataset):
    first = listed(reader(dataset).shuffled(3))
    assert listed(reader(dataset).shuffled(3)) == first
    assert listed(reader(dataset).shuffled(4)) != first
    assert listed(reader(dataset, seed=1).shuffled(3)) != first


def test_skipping_goes_on_where_the_epoch_was_left(dataset):
    assert listed(reader(dataset).shuffled(2, skip=5)) == listed(reader(dataset).shuffled(2))[5:]


def test_a_batch_has_one_bucket_and_at_most_batch_tokens(dataset):
    for source, target in listed(reader(dataset).shuffled(0)):
        longest = [max(np.count_nonzero(s), np.count_nonzero(t) - 2) for s, t in zip(source, target, strict=True)]
        assert len({(length - 1) // 6 for length in longest}) == 1
        assert len(target) * (len(target[0]) - 1) <= 100


def test_little_is_padding(dataset):
    targets = [np.array(target)[:, 1:] for _, target in listed(reader(dataset).shuffled(0))]
    assert sum((target == 0).sum() for target in targets) / sum(target.size for target in targets) < 0.05
