"""Teacher forcing for all steps at once, against tensorflow-addons' decoder going step by step."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_addons as tfa

from components.model.attention import MECHANISMS
from components.model.decoder import Decoder
from components.model.encoder import Encoder
from components.model.layers import Dropout, no_dropout
from components.model.parameters import ModelParameters
from components.text.vocabulary import PAD

SOURCE = tf.constant([[9, 8, 7, 6, 5], [5, 6, 7, PAD, PAD], [4, PAD, PAD, PAD, PAD]])
INPUTS, LENGTHS = tf.constant([[2, 5, 6, 7], [2, 8, 0, 0], [2, 9, 9, 0]]), tf.constant([4, 2, 3])


def test_every_mechanism_can_be_chosen():
    (field,) = (field for field in dataclasses.fields(ModelParameters) if field.name == "attention")
    assert field.metadata["choices"] == tuple(MECHANISMS)


def test_scaled_scores_are_divided_by_the_root_of_the_units():
    memory, queries = tf.random.stateless_normal([2, 5, 16], [1, 2]), tf.random.stateless_normal([2, 3, 16], [3, 4])
    plain, scaled = (MECHANISMS[name](16, tf.float32) for name in ("luong", "scaled_luong"))
    for mechanism in (plain, scaled):
        mechanism.setup_memory(memory)
    scaled.memory_layer.set_weights(plain.memory_layer.get_weights())
    scaled.setup_memory(memory)
    np.testing.assert_allclose(scaled.scores(queries), plain.scores(queries) / 4, rtol=1e-5, atol=1e-5)


class Spy:
    """A dropout that drops nothing and notes the size of what it is given."""

    def __init__(self):
        self.sizes = []

    def __call__(self, inputs):
        self.sizes.append(inputs.shape[-1])
        return inputs

    def words(self, inputs):
        return inputs


def test_each_layers_input_and_the_output_have_dropout():
    parameters = ModelParameters(embedding_size=6, units=8, layers=3)
    encoder, decoder = Encoder(parameters, 10, "float32"), Decoder(parameters, 10, "float32")
    encoder_dropout, decoder_dropout = Spy(), Spy()
    decoder(INPUTS, encoder(SOURCE, encoder_dropout), LENGTHS, decoder_dropout)
    assert encoder_dropout.sizes == [6, 8, 8]
    assert decoder_dropout.sizes == [6, 8, 8, 8]


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("attention", MECHANISMS)
def test_hidden_states_and_gradients_are_those_of_basic_decoder(attention, layers):
    tf.keras.utils.set_random_seed(1)
    parameters = ModelParameters(embedding_size=6, units=8, layers=layers, attention=attention)
    encoder, decoder = Encoder(parameters, 10, "float32"), Decoder(parameters, 10, "float32")
    reference = tfa.seq2seq.BasicDecoder(decoder._cell, tfa.seq2seq.TrainingSampler())

    def at_once():
        return decoder(INPUTS, encoder(SOURCE, no_dropout), LENGTHS, no_dropout, training=True)

    def step_by_step():
        outputs, _, _ = reference(
            decoder.embedding(INPUTS),
            initial_state=decoder.start(encoder(SOURCE, no_dropout)),
            sequence_length=LENGTHS,
        )
        return outputs.rnn_output

    def with_gradients(run):
        real = tf.sequence_mask(LENGTHS, 4)
        with tf.GradientTape() as tape:
            hidden = tf.boolean_mask(run(), real)
            total = tf.reduce_sum(hidden * tf.random.stateless_normal(hidden.shape, [1, 2]))
        variables = encoder.trainable_variables + decoder.trainable_variables
        return [hidden, *(tf.convert_to_tensor(g) for g in tape.gradient(total, variables))]

    for left, right in zip(with_gradients(at_once), with_gradients(step_by_step), strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-5, atol=1e-5)


def test_word_dropout_hides_whole_words():
    dropout = Dropout(rate=0, word_rate=0.5, seed=1, step=tf.constant(3, tf.int64))
    embedded = tf.ones([20, 30, 4])
    hidden = dropout.words(embedded)
    words = hidden[:, :, 0].numpy()
    np.testing.assert_array_equal(hidden, np.repeat(words[:, :, None], 4, 2))
    assert set(words.flat) == {0.0, 2.0}
    assert 0.4 < (words == 0).mean() < 0.6
    assert dropout(embedded) is embedded
