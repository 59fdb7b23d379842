"""Products in bfloat16: weights, softmax, loss and search stay float32, and say nearly what they say in float32."""

import numpy as np
import pytest
import tensorflow as tf

from components.model.parameters import ModelParameters
from components.model.search import beam_search
from components.model.seq2seq import Seq2Seq
from tests.model.test_masking import SHAPES, SOURCE, STEP, TARGET
from tests.model.test_search import log_probability, outputs


def make_model(shape: dict, precision: str) -> Seq2Seq:
    tf.keras.utils.set_random_seed(3)
    return Seq2Seq(ModelParameters(**{"embedding_size": 8, "units": 16, "num_sampled": 5, **shape}), 20, 30, precision)


@pytest.fixture(params=SHAPES, ids=lambda shape: shape["attention"], scope="module")
def models(request) -> tuple[Seq2Seq, Seq2Seq]:
    """The same model in bfloat16 and in float32."""
    return make_model(request.param, "mixed_bfloat16"), make_model(request.param, "float32")


def test_weights_losses_and_gradients_are_float32(models):
    mixed, exact = models
    with tf.GradientTape() as tape:
        loss = mixed.training_loss(SOURCE, TARGET, 42, STEP)
    gradients = tape.gradient(loss.total, mixed.trainable_variables)
    assert {part.dtype for part in (*mixed.variables, *loss, *gradients)} == {tf.float32}
    for left, right in zip(mixed.variables, exact.variables, strict=True):
        np.testing.assert_array_equal(left, right)


def test_losses_are_nearly_those_in_float32_but_not_equal(models):
    mixed, exact = (float(model.validation_loss(SOURCE, TARGET).total) for model in models)
    assert mixed == pytest.approx(exact, rel=5e-3)
    assert mixed != exact


@pytest.mark.parametrize("width", [1, 4])
def test_scores_of_the_search_are_the_models_log_probabilities(models, width):
    model = models[0]
    found = beam_search(model, tf.constant(SOURCE), tf.constant(width), tf.constant(1.0))
    assert found.scores.dtype == tf.float32
    for row, source in enumerate(SOURCE):
        for rank in range(width):
            ids = outputs(found.ids[row, rank].numpy())
            expected = log_probability(model, source[source != 0], ids)
            # One step at a time or all at once: bfloat16 may round a sum the other way.
            assert found.scores[row, rank].numpy() == pytest.approx(expected, rel=1e-2)
