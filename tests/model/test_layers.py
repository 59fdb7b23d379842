"""The recurrence with its own gradient, against Keras's LSTM."""

import numpy as np
import pytest
import tensorflow as tf

from components.model.layers import LSTM

TIME, BATCH, SIZE, UNITS = 7, 5, 3, 4
LENGTHS = tf.constant([7, 1, 4, 0, 7])


def normal(*shape: int, seed: int) -> tf.Tensor:
    return tf.random.stateless_normal(shape, [seed, 1])


def with_gradients(run, inputs, state, weights):
    """Outputs and final state, and the gradients of a sum of them in which each number has a weight of its own."""
    with tf.GradientTape() as tape:
        tape.watch([inputs, *state])
        results = run(inputs, *state)
        total = tf.add_n(
            [tf.reduce_sum(r * tf.random.stateless_normal(tf.shape(r), [7, i])) for i, r in enumerate(results)]
        )
    return [*results, *tape.gradient(total, [inputs, *state, *weights])]


@pytest.mark.parametrize("training", [True, False])
def test_outputs_and_gradients_are_those_of_keras(training):
    tf.keras.utils.set_random_seed(1)
    ours = LSTM(UNITS, tf.float32)
    ours(tf.zeros([1, 1, SIZE]), *[tf.zeros([1, UNITS])] * 2, tf.constant([1]))
    recurrent, kernel, bias = ours.trainable_variables
    bias.assign_add(normal(4 * UNITS, seed=1))
    keras = tf.keras.layers.LSTM(
        UNITS, time_major=True, return_sequences=True, return_state=True, zero_output_for_mask=True
    )
    keras(tf.zeros([1, 1, SIZE]))
    keras.set_weights([kernel.numpy(), recurrent.numpy(), bias.numpy()])
    inputs, state = normal(TIME, BATCH, SIZE, seed=2), [normal(BATCH, UNITS, seed=3), normal(BATCH, UNITS, seed=4)]

    # As training has it, in a graph.
    found = tf.function(with_gradients)(
        lambda x, h, c: ours(x, h, c, LENGTHS, training=training), inputs, state, (kernel, recurrent, bias)
    )
    mask = tf.transpose(tf.sequence_mask(LENGTHS, TIME))
    expected = with_gradients(
        lambda x, h, c: keras(x, initial_state=[h, c], mask=mask), inputs, state, keras.trainable_variables
    )

    for left, right in zip(found, expected, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-5, atol=1e-5)


def test_products_in_bfloat16_change_little():
    def run(dtype):
        tf.keras.utils.set_random_seed(1)
        lstm = LSTM(UNITS, dtype)
        inputs, state = normal(TIME, BATCH, SIZE, seed=2), [normal(BATCH, UNITS, seed=3), normal(BATCH, UNITS, seed=4)]
        lstm(inputs, *state, LENGTHS)
        return with_gradients(
            lambda x, h, c: lstm(x, h, c, LENGTHS, training=True), inputs, state, lstm.trainable_variables
        )

    for rough, exact in zip(run(tf.bfloat16), run(tf.float32), strict=True):
        assert np.linalg.norm(rough - exact) < 0.02 * np.linalg.norm(exact)
        assert (rough.numpy() != exact.numpy()).any()
