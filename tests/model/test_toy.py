"""The model that this project grew from: one LSTM layer a side, no attention, full softmax, random sequences."""

import numpy as np
import tensorflow as tf

from components.model.layers import no_dropout
from components.model.parameters import ModelParameters
from components.model.seq2seq import Seq2Seq
from components.text.vocabulary import EOS, SOS

VOCABULARY = 100
RANDOM = np.random.default_rng(0)
SOURCE = RANDOM.integers(4, VOCABULARY, (1000, 10)).astype(np.int32)
WORDS = RANDOM.integers(4, VOCABULARY, (1000, 15)).astype(np.int32)
TARGET = np.hstack([np.full((1000, 1), SOS), WORDS, np.full((1000, 1), EOS)]).astype(np.int32)


def make_model() -> Seq2Seq:
    tf.keras.utils.set_random_seed(0)
    parameters = ModelParameters(embedding_size=10, units=512, attention="none", num_sampled=0, dropout=0)
    return Seq2Seq(parameters, VOCABULARY, VOCABULARY)


def test_shapes():
    model = make_model()
    encoded = model.encoder(SOURCE, no_dropout)
    assert encoded.outputs.shape == (1000, 10, 512)
    assert [part.shape.as_list() for part in tf.nest.flatten(encoded.state)] == [[1000, 512]] * 2
    hidden = model.decoder(TARGET[:, :-1], encoded, tf.fill([1000], 16), no_dropout)
    assert hidden.shape == (1000, 16, 512)
    shapes = {tuple(variable.shape) for variable in model.trainable_variables}
    # An embedding for each language, input and recurrent kernels, gate biases, the dense layer over the vocabulary.
    assert shapes == {(100, 10), (10, 2048), (512, 2048), (2048,), (100, 512), (100,)}


def test_the_loss_is_masked():
    model = make_model()
    assert float(model.training_loss(SOURCE, TARGET, 0, tf.constant(0, tf.int64)).tokens) == 1000 * 16
    shorter = TARGET.copy()
    shorter[:, 8] = EOS
    loss = model.training_loss(SOURCE, shorter, 0, tf.constant(0, tf.int64))
    assert float(loss.tokens) == 1000 * 8
    cut = model.training_loss(SOURCE, shorter[:, :9], 0, tf.constant(0, tf.int64))
    np.testing.assert_allclose(loss.total, cut.total, rtol=1e-6)


def test_the_loss_falls():
    model = make_model()
    optimizer = tf.keras.optimizers.Adam(0.003)

    @tf.function
    def step() -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = model.training_loss(SOURCE[:50], TARGET[:50], 0, tf.constant(0, tf.int64))
            mean = loss.total / loss.tokens
        optimizer.apply_gradients(
            zip(tape.gradient(mean, model.trainable_variables), model.trainable_variables, strict=True)
        )
        return mean

    losses = [float(step()) for _ in range(20)]
    # Nothing can be known of random words but how often each stands there, and when the sentence ends.
    assert losses[0] > 4.6
    assert losses[-1] < 4.3
