"""Where a sequence ends. Whatever stands behind its end is made padding before anything else looks at it."""

import tensorflow as tf

from components.text.vocabulary import EOS, PAD


def source_lengths(source: tf.Tensor) -> tf.Tensor:
    """Ids, shape [batch, time] → int32 [batch]: how many stand before the first ``PAD``."""
    return _leading(tf.not_equal(source, PAD))


def target_lengths(target: tf.Tensor) -> tf.Tensor:
    """Ids, shape [batch, time] → int32 [batch]: how many stand up to the first ``EOS``, itself included.

    ``PAD`` ends a sequence too: one that was cut off has no EOS.
    """
    before_end = _leading(tf.logical_and(tf.not_equal(target, EOS), tf.not_equal(target, PAD)))
    ends_with_eos = tf.equal(tf.gather(tf.pad(target, [[0, 0], [0, 1]]), before_end, batch_dims=1), EOS)
    return before_end + tf.cast(ends_with_eos, tf.int32)


def without_remainder(ids: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    """``ids`` with ``PAD`` in each place from its length on; shapes [batch, time] and [batch]."""
    return tf.where(tf.sequence_mask(lengths, tf.shape(ids)[1]), ids, PAD)


def _leading(truths: tf.Tensor) -> tf.Tensor:
    """Booleans, shape [batch, time] → int32 [batch]: how many are true before the first false."""
    return tf.reduce_sum(tf.math.cumprod(tf.cast(truths, tf.int32), axis=1), axis=1)
