"""Adam whose time does not grow with the vocabulary, its learning rate, and clipping that stays sparse."""

import math
from collections.abc import Sequence
from typing import TypeAlias

import tensorflow as tf
import tensorflow_addons as tfa

Gradient: TypeAlias = tf.Tensor | tf.IndexedSlices


class WarmupCosine(tf.keras.optimizers.schedules.LearningRateSchedule):
    """Rises linearly to ``peak`` over ``warmup_steps``, then falls along a cosine to ``floor · peak`` at the end.

    The end is where ``total_steps`` are done, or where ``used``, the share of the time that may be used (float32
    scalar, 0 to 1), is 1: it falls by whichever is further.
    """

    def __init__(
        self,
        peak: float,
        warmup_steps: int,
        total_steps: int,
        floor: float = 0.05,
        used: tf.Variable | float = 0.0,
    ):
        self.peak, self.warmup_steps, self.total_steps, self.floor = peak, warmup_steps, total_steps, floor
        self._used = used

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        step = tf.cast(step, tf.float32)
        rising = (step + 1) / max(1, self.warmup_steps)
        progress = tf.clip_by_value((step - self.warmup_steps) / max(1, self.total_steps - self.warmup_steps), 0, 1)
        progress = tf.maximum(progress, self._used)
        falling = self.floor + (1 - self.floor) * (1 + tf.cos(math.pi * progress)) / 2
        return self.peak * tf.minimum(rising, falling)

    def get_config(self) -> dict[str, float]:
        return {name: value for name, value in vars(self).items() if name != "_used"}


def make_optimizer(
    schedule: tf.keras.optimizers.schedules.LearningRateSchedule,
) -> tf.keras.optimizers.legacy.Optimizer:
    """Adam that touches, of embeddings and projection, only the rows that a step used (``LazyAdam``)."""
    return tfa.optimizers.LazyAdam(schedule, beta_1=0.9, beta_2=0.998, epsilon=1e-8)


def clip_by_global_norm(gradients: Sequence[Gradient], limit: float) -> tuple[list[Gradient], tf.Tensor]:
    """Gradients scaled so that their global norm is at most ``limit`` (0: not scaled), and the norm before.

    Unlike ``tf.clip_by_global_norm`` it first adds up the rows that a sparse gradient holds more than once: their norm
    is that of their sum.
    """
    gradients = [_distinct_rows(gradient) for gradient in gradients]
    norm = tf.sqrt(tf.add_n([tf.reduce_sum(tf.square(_values(gradient))) for gradient in gradients]))
    if not limit:
        return gradients, norm
    scale = limit / tf.maximum(norm, limit)
    return [
        tf.IndexedSlices(gradient.values * scale, gradient.indices, gradient.dense_shape)
        if isinstance(gradient, tf.IndexedSlices)
        else gradient * scale
        for gradient in gradients
    ], norm


def _values(gradient: Gradient) -> tf.Tensor:
    return gradient.values if isinstance(gradient, tf.IndexedSlices) else gradient


def _distinct_rows(gradient: Gradient) -> Gradient:
    if not isinstance(gradient, tf.IndexedSlices):
        return gradient
    rows, position = tf.unique(gradient.indices)
    values = tf.math.unsorted_segment_sum(gradient.values, position, tf.size(rows))
    return tf.IndexedSlices(values, rows, gradient.dense_shape)
