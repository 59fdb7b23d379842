"""Sampled softmax against the full softmax, and candidates against TensorFlow's own sampler."""

import numpy as np
import pytest
import tensorflow as tf

from components.model.losses import Candidates, expected_counts, full_softmax, log_uniform_candidates, sampled_softmax

VOCABULARY, SIZE, TOKENS = 50, 8, 40


@pytest.fixture
def problem() -> tuple[tf.Variable, tf.Variable, tf.Tensor, tf.Tensor]:
    """Projection weights and biases, hidden states and labels."""
    random = np.random.default_rng(7)
    return (
        tf.Variable(random.normal(size=(VOCABULARY, SIZE)), dtype=tf.float32),
        tf.Variable(random.normal(size=VOCABULARY), dtype=tf.float32),
        tf.constant(random.normal(size=(TOKENS, SIZE)), tf.float32),
        tf.constant(random.integers(4, VOCABULARY, TOKENS), tf.int32),
    )


def gradients(loss, variables) -> list[np.ndarray]:
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(loss())
    return [tf.convert_to_tensor(gradient).numpy() for gradient in tape.gradient(total, variables)]


def test_all_classes_as_candidates_with_expected_counts_of_one_are_the_full_softmax(problem, monkeypatch):
    weights, biases, hidden, labels = problem
    everything = Candidates(tf.range(VOCABULARY, dtype=tf.int64), tf.ones(VOCABULARY), tf.constant(2**60, tf.int64))
    np.testing.assert_allclose(
        sampled_softmax(weights, biases, hidden, labels, everything),
        full_softmax(weights, biases, hidden, labels),
        atol=1e-5,
    )
    sampled = gradients(lambda: sampled_softmax(weights, biases, hidden, labels, everything), [weights, biases])
    full = gradients(lambda: full_softmax(weights, biases, hidden, labels), [weights, biases])
    for left, right in zip(sampled, full, strict=True):
        np.testing.assert_allclose(left, right, atol=1e-5)


def test_the_gradient_error_falls_as_the_candidates_grow(problem):
    weights, biases, hidden, labels = problem
    exact = gradients(lambda: full_softmax(weights, biases, hidden, labels), [weights])[0]

    @tf.function
    def sampled_gradient(count: int, step: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            draw = log_uniform_candidates(count, VOCABULARY, 1, step)
            total = tf.reduce_sum(sampled_softmax(weights, biases, hidden, labels, draw))
        return tf.convert_to_tensor(tape.gradient(total, weights))

    errors = []
    for count in (5, 10, 20, 40):
        means = np.mean([sampled_gradient(count, tf.constant(step, tf.int64)) for step in range(100)], axis=0)
        errors.append(np.linalg.norm(means - exact) / np.linalg.norm(exact))
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.2 * errors[0]


def test_gradients_of_the_projection_are_sparse(problem):
    weights, biases, hidden, labels = problem
    with tf.GradientTape() as tape:
        loss = sampled_softmax(
            weights, biases, hidden, labels, log_uniform_candidates(5, VOCABULARY, 1, tf.constant(0, tf.int64))
        )
    assert all(isinstance(gradient, tf.IndexedSlices) for gradient in tape.gradient(loss, [weights, biases]))


def test_candidates_are_a_function_of_seed_and_step():
    def draw(seed: int, step: int) -> list[int]:
        return log_uniform_candidates(100, 10_000, seed, tf.constant(step, tf.int64)).ids.numpy().tolist()

    assert draw(42, 3) == draw(42, 3)
    assert draw(42, 3) != draw(42, 4)
    assert draw(42, 3) != draw(43, 3)


def test_candidates_are_distinct_and_as_frequent_as_their_expected_counts_say():
    draw_at = tf.function(lambda step: log_uniform_candidates(64, 1000, 5, step))
    draws = [draw_at(tf.constant(step, tf.int64)) for step in range(2000)]
    assert all(len(set(draw.ids.numpy())) == 64 for draw in draws)
    seen = np.mean([np.isin(np.arange(1000), draw.ids.numpy()) for draw in draws], axis=0)
    tries = tf.constant(round(np.mean([draw.tries.numpy() for draw in draws])), tf.int64)
    expected = expected_counts(tf.range(1000, dtype=tf.int64), tries, 1000).numpy()
    np.testing.assert_allclose(seen[:20], expected[:20], atol=0.04)
    np.testing.assert_allclose(seen[20:].reshape(-1, 98).mean(1), expected[20:].reshape(-1, 98).mean(1), rtol=0.05)


def test_the_distribution_is_that_of_tensorflows_sampler():
    ids = tf.range(1000, dtype=tf.int64)
    stock = tf.random.log_uniform_candidate_sampler(ids[:, None], 1, 64, unique=True, range_max=1000, seed=1)
    # The stock sampler does not say its number of tries; id 0 gives it away.
    p0 = np.log(2) / np.log(1001)
    tries = np.log1p(-float(stock.true_expected_count[0, 0])) / np.log1p(-p0)
    np.testing.assert_allclose(
        expected_counts(ids, tf.constant(round(tries), tf.int64), 1000), stock.true_expected_count[:, 0], rtol=2e-3
    )


def test_label_smoothing_spreads_probability_over_the_vocabulary(problem):
    weights, biases, hidden, labels = problem
    log_probabilities = tf.nn.log_softmax(tf.matmul(hidden, weights, transpose_b=True) + biases).numpy()
    target = np.full((TOKENS, VOCABULARY), 0.1 / VOCABULARY)
    target[np.arange(TOKENS), labels] += 0.9
    np.testing.assert_allclose(
        full_softmax(weights, biases, hidden, labels, 0.1), -(target * log_probabilities).sum(1), rtol=1e-4
    )
