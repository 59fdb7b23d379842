"""Cross entropy of the next id: by sampled softmax while training, by full softmax everywhere else. In nats."""

import math
from typing import NamedTuple

import tensorflow as tf

# Draws per candidate. The distribution is skewed, so draws repeat; with six for one, even a vocabulary of twice the
# candidates (the smallest that sampling is used for) yields nearly all of them.
_DRAWS = 6


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


class Candidates(NamedTuple):
    """``ids`` int64 [n], all distinct, and how often each was to be expected among them, float32 [n]."""

    ids: tf.Tensor
    expected_counts: tf.Tensor
    tries: tf.Tensor


def log_uniform_candidates(count: int, vocabulary_size: int, seed: int, step: tf.Tensor) -> Candidates:
    """Up to ``count`` distinct ids, P(id) = log((id + 2) / (id + 1)) / log(vocabulary_size + 1).

    The same distribution and the same expected counts as ``tf.random.log_uniform_candidate_sampler(unique=True)``, but
    without state: that op's generator is not in a checkpoint. Ids must be ordered by falling frequency.
    Time and memory do not depend on the size of the vocabulary.

    Args:
        count: of candidates. Where the draws hold fewer distinct ids, there are fewer.
        vocabulary_size: ids are below this.
        seed: of the run.
        step: int64 scalar; each step has candidates of its own.
    """
    uniform = tf.random.stateless_uniform(
        [_DRAWS * count], tf.stack([tf.constant(seed, tf.int64), step]), dtype=tf.float64
    )
    draws = tf.cast(tf.exp(uniform * math.log(vocabulary_size + 1)), tf.int64) - 1
    draws = tf.clip_by_value(draws, 0, vocabulary_size - 1)
    # tf.unique keeps the order of first occurrence: the first `count` are what one would have drawn one by one.
    distinct, position = tf.unique(draws, out_idx=tf.int64)
    ids = distinct[:count]
    taken = tf.size(ids, tf.int64)
    last_taken = tf.argmax(tf.cast(tf.equal(position, taken - 1), tf.int32), output_type=tf.int64)
    enough = tf.size(distinct, tf.int64) >= count
    tries = tf.where(enough, last_taken + 1, tf.size(draws, tf.int64))
    return Candidates(ids, expected_counts(ids, tries, vocabulary_size), tries)


def expected_counts(ids: tf.Tensor, tries: tf.Tensor, vocabulary_size: int) -> tf.Tensor:
    """The probability that an id is among the distinct ones of ``tries`` draws, 1 - (1 - p)^tries; float32."""
    probability = log_uniform_probabilities(ids, vocabulary_size)
    return tf.cast(-tf.math.expm1(tf.cast(tries, tf.float64) * tf.math.log1p(-probability)), tf.float32)


def log_uniform_probabilities(ids: tf.Tensor, vocabulary_size: int) -> tf.Tensor:
    """Of each id, the probability to be the next draw: log((id + 2) / (id + 1)) / log(vocabulary_size + 1); float64."""
    return tf.math.log1p(1 / (tf.cast(ids, tf.float64) + 1)) / math.log(vocabulary_size + 1)


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
