"""What stands behind EOS or behind the padding changes nothing: not loss, gradient, encoder state or translation."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from components.model.layers import PRODUCT_DTYPES, no_dropout
from components.model.parameters import ModelParameters
from components.model.search import beam_search
from components.model.seq2seq import Seq2Seq
from components.text.vocabulary import EOS, PAD, SOS

SHAPES = [
    {"attention": "none"},
    {"attention": "scaled_luong", "encoder": "bidirectional", "layers": 2},
    {"attention": "bahdanau", "tie_embeddings": True},
]
SOURCE = np.array([[9, 8, 7, 6, 5], [5, 6, 7, PAD, PAD], [4, PAD, PAD, PAD, PAD]], np.int32)
TARGET = np.array([[SOS, 5, 6, 7, EOS, PAD], [SOS, 8, EOS, PAD, PAD, PAD], [SOS, 9, 9, 9, 9, EOS]], np.int32)
STEP = tf.constant(3, tf.int64)


@pytest.fixture(
    params=itertools.product(SHAPES, PRODUCT_DTYPES),
    ids=lambda param: f"{param[0]['attention']}-{param[1]}",
    scope="module",
)
def model(request) -> Seq2Seq:
    tf.keras.utils.set_random_seed(1)
    shape, precision = request.param
    shape = {"embedding_size": 8, "units": 16, "num_sampled": 5, "dropout": 0.3, **shape}
    return Seq2Seq(ModelParameters(**shape), 20, 30, precision)


def disturbed(ids: np.ndarray, ends: list[int]) -> np.ndarray:
    """The ids with anything at all behind each sequence's end and the padding that ends it."""
    changed = ids.copy()
    for row, end in enumerate(ends):
        changed[row, end:] = np.random.default_rng(row).integers(4, 20, changed.shape[1] - end)
    assert (changed != ids).any()
    return changed


DISTURBED_SOURCE = disturbed(SOURCE, [5, 4, 2])
DISTURBED_TARGET = disturbed(TARGET, [5, 3, 6])


def test_losses_and_gradients(model):
    def loss_and_gradients(source, target):
        with tf.GradientTape() as tape:
            loss = model.training_loss(source, target, 42, STEP).total
        gradients = [tf.convert_to_tensor(g).numpy() for g in tape.gradient(loss, model.trainable_variables)]
        return [loss.numpy(), model.validation_loss(source, target).total.numpy(), *gradients]

    before = loss_and_gradients(SOURCE, TARGET)
    after = loss_and_gradients(DISTURBED_SOURCE, DISTURBED_TARGET)
    for left, right in zip(before, after, strict=True):
        np.testing.assert_array_equal(left, right)


def test_more_padding_changes_no_loss(model):
    wider = np.pad(SOURCE, [(0, 0), (0, 3)]), np.pad(TARGET, [(0, 0), (0, 4)])
    np.testing.assert_allclose(
        model.validation_loss(*wider).total, model.validation_loss(SOURCE, TARGET).total, rtol=1e-6
    )


def test_tokens_are_counted_up_to_eos(model):
    assert float(model.validation_loss(SOURCE, DISTURBED_TARGET).tokens) == 4 + 2 + 5


def test_encoder_state(model):
    before, after = model.encoder(SOURCE, no_dropout), model.encoder(DISTURBED_SOURCE, no_dropout)
    for left, right in zip(tf.nest.flatten(before), tf.nest.flatten(after), strict=True):
        np.testing.assert_array_equal(left, right)


def test_the_encoder_state_of_a_padded_sentence_is_that_of_the_sentence_alone(model, request):
    # Products of one row and of three differ in the last bits; where they are rounded to bfloat16, in its last.
    precision = request.node.callspec.params["model"][1]
    tolerance = {"float32": 1e-6, "mixed_bfloat16": 1e-2}[precision]
    alone = model.encoder(SOURCE[1:2, :3], no_dropout).state
    padded = model.encoder(SOURCE, no_dropout).state
    for left, right in zip(tf.nest.flatten(alone), tf.nest.flatten(padded), strict=True):
        np.testing.assert_allclose(left[0], right[1], atol=tolerance)


def test_translations(model):
    before, after = (
        beam_search(model, tf.constant(source), tf.constant(3), tf.constant(1.0))
        for source in (SOURCE, DISTURBED_SOURCE)
    )
    for left, right in zip(before, after, strict=True):
        np.testing.assert_array_equal(left, right)
