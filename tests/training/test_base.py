"""A training that begins from a model: from its weights, with rows for the words that it did not know."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from components.model.exported import named_weights
from components.text.codec import TextCodec
from components.text.inventory import Inventory
from components.text.vocabulary import Vocabulary
from tests.training.trainings import base_for, make


def test_it_begins_with_the_weights_of_the_base(dataset: Path, tmp_path: Path) -> None:
    training = make(dataset, tmp_path, "begun from a model")
    base = base_for(dataset)
    for name, variable in named_weights(training.model).items():
        np.testing.assert_array_equal(variable.numpy(), base.weights[name])
    assert not np.array_equal(
        named_weights(make(dataset, tmp_path / "other").model)["projection"].numpy(), base.weights["projection"]
    )


def test_a_new_word_begins_as_the_mean_of_what_it_was_written_with(dataset: Path, tmp_path: Path) -> None:
    training = make(dataset, tmp_path)
    whole = TextCodec.load(dataset)
    # A base without the last word of each language.
    sides = []
    for vocabulary, learnt in ((whole.source_vocabulary, whole.learnt[0]), (whole.target_vocabulary, whole.learnt[1])):
        inventory = Inventory.load(learnt)
        (*words, last) = inventory.words
        tokens = [token for token in vocabulary.tokens if token != last]
        sides.append((last, Vocabulary(tokens), replace(inventory, words=tuple(words)), Vocabulary([*tokens, last])))
    before = TextCodec(whole.settings, sides[0][1], sides[1][1], (sides[0][2].save(), sides[1][2].save()))
    after = TextCodec(whole.settings, sides[0][3], sides[1][3], whole.learnt)
    assert after.extends(before)
    full = base_for(dataset)
    weights = {
        name: array[:-1] if array.shape[0] in (len(after.source_vocabulary), len(after.target_vocabulary)) else array
        for name, array in full.weights.items()
    }
    replace(full, codec=before, weights=weights).give_weights(training.model, after)
    named = {name: variable.numpy() for name, variable in named_weights(training.model).items()}
    for number, names in ((0, ["encoder-embedding-embeddings"]), (1, ["projection", "projection_bias"])):
        last, vocabulary, inventory, _ = sides[number]
        spelled = inventory.cut(last)
        assert len(spelled) == len(last) > 1
        ids = [vocabulary.tokens.index(letter if at == 0 else f"‿{letter}") for at, letter in enumerate(spelled)]
        for name in names:
            np.testing.assert_array_equal(named[name][:-1], weights[name])
            np.testing.assert_allclose(named[name][-1], weights[name][ids].mean(0), rtol=1e-6)
