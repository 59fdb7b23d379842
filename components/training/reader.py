"""From the TFRecords of a prepared dataset to batches: one bucket a batch, shuffled by seed, padded to the longest."""

from collections.abc import Callable, Iterable
from functools import partial, reduce
from itertools import chain, groupby
from operator import attrgetter
from pathlib import Path

import numpy as np
import tensorflow as tf

from components.dataset.manifest import BucketRecords, Manifest
from components.dataset.records import SOURCE, TARGET
from components.text.noise import Noise

# Records that are shuffled at a time in each bucket, beyond the order of its files.
_SHUFFLED_RECORDS = 1 << 16
# Batches that are sorted by length together: enough for batches of nearly equal lengths, few enough for other
# sentences to share a batch in each epoch.
_SORTED_BATCHES = 32
_PREFETCHED_BATCHES = 8
_FEATURES = {name: tf.io.RaggedFeature(tf.int64, row_splits_dtype=tf.int64) for name in (SOURCE, TARGET)}


class BatchReader:
    """The batches of a split.

    Each is a pair of int32 ids, ``source`` [batch, source time] and ``target`` [batch, target time], padded with 0.

    Args:
        folder: the prepared dataset.
        manifest: its manifest.
        split: ``train``, ``validation`` or ``test``.
        batch_tokens: target positions in a batch, at the most (but always one sentence).
        seed: decides the order of :meth:`shuffled`.
        noise: what :meth:`shuffled` makes of some of the sentences; None: nothing.
    """

    def __init__(
        self, folder: Path, manifest: Manifest, split: str, batch_tokens: int, seed: int = 0, noise: Noise | None = None
    ):
        self._folder = folder
        self._seed = seed
        self._noise = noise
        # A length's records, those of each corpus word apart where words have weights, and how many make a batch.
        self._buckets = [
            (words := list(bucket), max(1, batch_tokens // (words[0].high + 1)))
            for _, bucket in groupby(filter(attrgetter("records"), manifest.splits[split]), attrgetter("low"))
        ]
        self._batches_of_buckets = [-(-_draws(words) // size) for words, size in self._buckets]
        self.batches = sum(self._batches_of_buckets)

    def in_order(self) -> tf.data.Dataset:
        """All batches, each record once, shortest bucket first; the same each time."""
        buckets = [_batched(self._records(chain(*(w.files for w in words))), size) for words, size in self._buckets]
        return _prefetched(reduce(tf.data.Dataset.concatenate, buckets))

    def shuffled(self, epoch: int, skip: int = 0) -> tf.data.Dataset:
        """The batches of an epoch, in an order that is a function of (seed, epoch), without the first ``skip``.

        Each record is drawn as often as its weight says. tf.data also uses TensorFlow's global seed: the same order
        needs the same global seed.
        """
        random = np.random.default_rng([self._seed, epoch])
        buckets = []
        for words, size in self._buckets:
            seed = int(random.integers(2**31))
            drawn, weights = [self._drawn(word, epoch, random) for word in words], [float(w.draws) for w in words]
            records = tf.data.Dataset.sample_from_datasets(drawn, weights, seed)
            records = records.shuffle(min(_SHUFFLED_RECORDS, _draws(words)), seed)
            noise = self._noise and partial(self._noise, np.array([epoch, words[0].low]))
            buckets.append(_batched(records, size, noise).shuffle(_SORTED_BATCHES, seed))
        order = random.permutation(np.repeat(np.arange(len(buckets), dtype=np.int64), self._batches_of_buckets))
        choice = tf.data.Dataset.from_tensor_slices(order)
        batches = tf.data.Dataset.choose_from_datasets(buckets, choice, stop_on_empty_dataset=False)
        return _prefetched(batches.skip(skip))

    def _drawn(self, word: BucketRecords, epoch: int, random: np.random.Generator) -> tf.data.Dataset:
        """What an epoch draws of these records: whole passes, and of a broken one what the epoch before left."""
        begin = epoch * word.draws % word.records
        files = random.permutation(word.files)
        in_order = word.draws % word.records > 0
        return self._records(word.files if in_order else files).repeat().skip(begin).take(word.draws)

    def _records(self, files: Iterable[str]) -> tf.data.Dataset:
        return tf.data.TFRecordDataset([str(self._folder / file) for file in files])


def _draws(words: Iterable[BucketRecords]) -> int:
    return sum(word.draws for word in words)


def _batched(
    records: tf.data.Dataset, size: int, noise: Callable[..., list[np.ndarray]] | None = None
) -> tf.data.Dataset:
    """Serialized records → padded batches of sentences of similar length."""
    groups = records.batch(size * _SORTED_BATCHES).map(_parsed)
    if noise:
        # Before they are sorted: a sentence that becomes longer must not stretch a batch of shorter ones.
        groups = groups.enumerate().map(lambda number, group: _rewritten(noise, number, *group))
    return (
        groups.map(_sorted_by_length)
        .flat_map(lambda source, target: tf.data.Dataset.from_tensor_slices((source, target)).batch(size))
        .map(lambda source, target: (source.to_tensor(), target.to_tensor()))
    )


def _parsed(records: tf.Tensor) -> tuple[tf.RaggedTensor, tf.RaggedTensor]:
    examples = tf.io.parse_example(records, _FEATURES)
    source, target = (tf.cast(examples[name], tf.int32) for name in (SOURCE, TARGET))
    return source, target


def _rewritten(
    noise: Callable[..., list[np.ndarray]], number: tf.Tensor, source: tf.RaggedTensor, target: tf.RaggedTensor
) -> tuple[tf.RaggedTensor, tf.RaggedTensor]:
    flat = [source.values, source.row_splits, target.values, target.row_splits]
    found = tf.numpy_function(noise, [number, *flat], [tensor.dtype for tensor in flat])
    values = [tf.ensure_shape(tensor, [None]) for tensor in found]
    return tf.RaggedTensor.from_row_splits(*values[:2]), tf.RaggedTensor.from_row_splits(*values[2:])


def _sorted_by_length(source: tf.RaggedTensor, target: tf.RaggedTensor) -> tuple[tf.RaggedTensor, tf.RaggedTensor]:
    # By target, which costs the most time; by source among equals.
    key = target.row_lengths() * 100_000 + source.row_lengths()
    order = tf.argsort(key, stable=True)
    return tf.gather(source, order), tf.gather(target, order)


def _prefetched(batches: tf.data.Dataset) -> tf.data.Dataset:
    options = tf.data.Options()
    # There is nothing to tune, and on one core an iterator's end waits half a minute for the thread that tunes.
    options.autotune.enabled = False
    return batches.prefetch(_PREFETCHED_BATCHES).with_options(options)
