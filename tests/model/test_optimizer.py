"""Clipping and updates that stay sparse, and the learning rate's way."""

import numpy as np
import pytest
import tensorflow as tf

from components.model.optimizer import WarmupCosine, clip_by_global_norm, make_optimizer


def test_rows_named_twice_count_as_their_sum():
    # Row 1 gets (3, 0) + (4, 0): its norm is 7, where counting them apart would make 5.
    sparse = tf.IndexedSlices(tf.constant([[3.0, 0.0], [4.0, 0.0]]), tf.constant([1, 1]), tf.constant([3, 2]))
    (clipped,), norm = clip_by_global_norm([sparse], 3.5)
    assert norm.numpy() == pytest.approx(7.0)
    assert isinstance(clipped, tf.IndexedSlices)
    np.testing.assert_allclose(tf.convert_to_tensor(clipped), [[0, 0], [3.5, 0], [0, 0]])


def test_norm_is_over_all_gradients_and_zero_does_not_clip():
    gradients = [tf.constant([3.0]), tf.IndexedSlices(tf.constant([[4.0]]), tf.constant([0]), tf.constant([2, 1]))]
    unclipped, norm = clip_by_global_norm(gradients, 0)
    assert norm.numpy() == pytest.approx(5.0)
    np.testing.assert_allclose(unclipped[0], [3.0])
    clipped, _ = clip_by_global_norm(gradients, 10.0)
    np.testing.assert_allclose(clipped[0], [3.0])


def test_only_rows_in_use_are_updated():
    table = tf.Variable(np.ones((5, 2), np.float32))
    optimizer = make_optimizer(0.1)
    for _ in range(3):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.gather(table, [1, 3, 3]))
        optimizer.apply_gradients([(tape.gradient(loss, table), table)])
    moved = (table.numpy() != 1).all(axis=1)
    assert moved.tolist() == [False, True, False, True, False]


def test_learning_rate_rises_and_falls():
    schedule = WarmupCosine(peak=0.1, warmup_steps=10, total_steps=110, floor=0.05)
    rates = [float(schedule(tf.constant(step))) for step in (0, 4, 9, 60, 110, 200)]
    np.testing.assert_allclose(rates, [0.01, 0.05, 0.1, 0.0525, 0.005, 0.005], rtol=1e-5)
