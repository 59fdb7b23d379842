"""Batches: every record once, one bucket each, in an order that is a function of (seed, epoch)."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

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


def only(manifest: Manifest, word: int) -> Manifest:
    train = tuple(bucket for bucket in manifest.splits["train"] if bucket.word == word)
    return replace(manifest, splits={**manifest.splits, "train": train})


def test_an_epoch_holds_every_record_once(dataset):
    whole = sentences(listed(reader(dataset).in_order()))
    assert len(whole) == 240
    assert sentences(listed(reader(dataset).shuffled(0))) == whole
    assert sentences(listed(reader(dataset).shuffled(1))) == whole


def test_the_number_of_batches_is_known_beforehand(dataset):
    batches = reader(dataset)
    assert len(listed(batches.shuffled(0))) == batches.batches > 10


@pytest.fixture
def mixed(dataset: Path) -> Manifest:
    """The dataset's manifest, as if its first files came from a word with weight 3 and its second from one with 0.5."""
    manifest = Manifest.load(dataset)
    train = tuple(
        replace(bucket, files=(file,), records=(bucket.records + 1 - number) // 2, word=number + 1, weight=weight)
        for bucket in manifest.splits["train"]
        for number, (file, weight) in enumerate(zip(bucket.files, (3.0, 0.5), strict=True))
    )
    return replace(manifest, splits={**manifest.splits, "train": train})


def test_each_record_is_drawn_as_often_as_its_weight_says(dataset: Path, mixed: Manifest) -> None:
    batches = BatchReader(dataset, mixed, "train", 100, seed=42)
    epochs = [listed(batches.shuffled(epoch)) for epoch in range(4)]
    assert {len(epoch) for epoch in epochs} == {batches.batches}
    drawn = [Counter(sentences(epoch)) for epoch in epochs]
    whole = Counter(sentences(listed(batches.in_order())))
    assert whole == Counter(sentences(listed(reader(dataset).in_order())))
    assert [epoch.total() for epoch in drawn] == [mixed.draws()] * 4
    words = [
        Counter(sentences(listed(BatchReader(dataset, only(mixed, word), "train", 100).in_order()))) for word in (1, 2)
    ]
    for epoch in drawn:
        assert all(epoch[pair] >= 3 * times for pair, times in words[0].items())
    rest = [sum((epoch[pair] for epoch in drawn), start=-12 * words[0][pair]) for pair in words[1]]
    # Twice in four epochs: each epoch goes on where the one before ended. (A bucket draws a whole number of pairs.)
    assert max(abs(times / words[1][pair] - 2) for pair, times in zip(words[1], rest, strict=True)) <= 1
    assert sum(rest) == pytest.approx(2 * words[1].total(), rel=0.1)
    # Mixed, not one word after the other: copies of a pair are in many batches.
    positions = [n for n, batch in enumerate(epochs[0]) for pair in sentences([batch]) if pair in words[0]]
    assert len(set(positions)) > 0.9 * batches.batches


def test_a_mix_is_a_function_of_seed_and_epoch_and_can_be_resumed(dataset: Path, mixed: Manifest) -> None:
    batches = BatchReader(dataset, mixed, "train", 100, seed=42)
    first = listed(batches.shuffled(3))
    assert listed(BatchReader(dataset, mixed, "train", 100, seed=42).shuffled(3, skip=7)) == first[7:]
    assert listed(batches.shuffled(2)) != first
    assert listed(BatchReader(dataset, mixed, "train", 100, seed=1).shuffled(3)) != first


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
