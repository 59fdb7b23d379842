"""Dropout whose masks are a function of (seed, step): a resumed run drops what the undisturbed one would have."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import tensorflow as tf


@dataclass
class Dropout:
    """One training step's dropout. Each call has its own mask; calls are told apart by their order in the trace.

    ``rate`` is that of single activations, ``word_rate`` that of whole words.
    """

    rate: float
    word_rate: float
    seed: int
    step: tf.Tensor | int
    _calls: int = field(default=0, init=False)

    def __call__(self, inputs: tf.Tensor) -> tf.Tensor:
        """``inputs`` with a share of ``rate`` set to zero and the rest scaled up to keep the mean."""
        return self._dropped(inputs, self.rate, tf.shape(inputs))

    def words(self, embedded: tf.Tensor) -> tf.Tensor:
        """Embedded words, [time, batch, size], a share of ``word_rate`` of which is zero.

        Unlike Gal & Ghahramani's (2016), each place has its own draw, not each word of the vocabulary.
        """
        return self._dropped(embedded, self.word_rate, [*tf.unstack(tf.shape(embedded)[:2]), 1])

    def _dropped(self, inputs: tf.Tensor, rate: float, shape: tf.Tensor | Sequence[tf.Tensor | int]) -> tf.Tensor:
        if not rate:
            return inputs
        self._calls += 1
        # Far from the run's seed itself, which the candidate sampler uses.
        seed = tf.stack([tf.constant(self.seed + 1_000_003 * self._calls, tf.int64), self.step])
        return tf.nn.experimental.stateless_dropout(inputs, rate, seed=seed, noise_shape=shape)


# What stands in the place of dropout everywhere but in training.
no_dropout = Dropout(rate=0, word_rate=0, seed=0, step=0)
