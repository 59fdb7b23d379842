"""One update of the model's weights."""

from typing import NamedTuple

import tensorflow as tf

from components.model.optimizer import clip_by_global_norm
from components.model.seq2seq import Seq2Seq


class Update(NamedTuple):
    """What an update tells, float32 scalars.

    ``loss`` is the batch's mean in nats per target token, of which there are ``tokens``; ``gradient_norm`` is that
    before clipping; ``learning_rate`` is what the update was made with.
    """

    loss: tf.Tensor
    tokens: tf.Tensor
    gradient_norm: tf.Tensor
    learning_rate: tf.Tensor


def update(
    model: Seq2Seq,
    optimizer: tf.keras.optimizers.legacy.Optimizer,
    source: tf.Tensor,
    target: tf.Tensor,
    seed: int,
    step: tf.Tensor,
    clip_norm: float,
) -> Update:
    """Changes the weights of ``model`` by what a batch teaches.

    Args:
        model: to be trained.
        optimizer: with a schedule of learning rates.
        source, target: int32 ids, [batch, source time] and [batch, target time].
        seed, step: decide on candidates and dropout; ``step`` is an int64 scalar.
        clip_norm: see :func:`clip_by_global_norm`.
    """
    with tf.GradientTape() as tape:
        loss = model.training_loss(source, target, seed, step)
        mean = loss.total / loss.tokens
    variables = model.trainable_variables
    gradients, norm = clip_by_global_norm(tape.gradient(mean, variables), clip_norm)
    rate = optimizer.learning_rate(optimizer.iterations)
    optimizer.apply_gradients(zip(gradients, variables, strict=True))
    return Update(mean, loss.tokens, norm, rate)
