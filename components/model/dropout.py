"""Dropout whose masks are a function of (seed, step): a resumed run drops what the undisturbed one would have."""

from dataclasses import dataclass, field

import tensorflow as tf


@dataclass
class Dropout:
    """One training step's dropout. Each call has its own mask; calls are told apart by their order in the trace."""

    rate: float
    seed: int
    step: tf.Tensor
    _calls: int = field(default=0, init=False)

    def __call__(self, inputs: tf.Tensor) -> tf.Tensor:
        """``inputs`` with a share of ``rate`` set to zero and the rest scaled up to keep the mean."""
        if self.rate == 0:
            return inputs
        self._calls += 1
        # Far from the run's seed itself, which the candidate sampler uses.
        return tf.nn.experimental.stateless_dropout(
            inputs, self.rate, seed=tf.stack([tf.constant(self.seed + 1_000_003 * self._calls, tf.int64), self.step])
        )


def no_dropout(inputs: tf.Tensor) -> tf.Tensor:
    """What stands in the place of dropout everywhere but in training."""
    return inputs
