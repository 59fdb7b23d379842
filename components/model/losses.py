"""Cross entropy of the next id: by sampled softmax while training, by full softmax everywhere else. In nats."""

import tensorflow as tf

from components.model.candidates import Candidates, expected_counts


def full_softmax(
    weights: tf.Tensor, biases: tf.Tensor, hidden: tf.Tensor, labels: tf.Tensor, smoothing: float = 0.0
) -> tf.Tensor:
    """Cross entropy over the whole vocabulary.

    Args:
        weights: projection, float32 [vocabulary, size].
        biases: float32 [vocabulary].
        hidden: float32 [n, size].
        labels: int [n].
        smoothing: probability that the target distribution spreads evenly over the vocabulary (Szegedy et al. 2016).

    Returns:
        float32 [n].
    """
    logits = tf.matmul(hidden, weights, transpose_b=True) + biases
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    if not smoothing:
        return losses
    evenly = tf.reduce_logsumexp(logits, -1) - tf.reduce_mean(logits, -1)
    return (1 - smoothing) * losses + smoothing * evenly


def sampled_softmax(
    weights: tf.Tensor, biases: tf.Tensor, hidden: tf.Tensor, labels: tf.Tensor, candidates: Candidates
) -> tf.Tensor:
    """Cross entropy over each label and the candidates (Jean et al. 2015); arguments as :func:`full_softmax`.

    Candidates that are the label ("accidental hits") do not count against it. Gradients of weights and biases are
    sparse. Biased low: compare it with itself only.
    """
    vocabulary_size = weights.shape[0]
    labels = tf.cast(labels, tf.int64)
    return tf.nn.sampled_softmax_loss(
        weights,
        biases,
        labels[:, None],
        hidden,
        num_sampled=tf.size(candidates.ids),
        num_classes=vocabulary_size,
        sampled_values=(
            candidates.ids,
            expected_counts(labels, candidates.tries, vocabulary_size)[:, None],
            candidates.expected_counts,
        ),
        remove_accidental_hits=True,
    )
