"""A real, untrained encoder–decoder through export, package and translator: what must hold for every search."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from components.model.export import export_model
from components.model.exported import ExportedModel, named_weights
from components.model.parameters import ModelParameters
from components.model.seq2seq import Seq2Seq
from components.serving.options import TranslationOptions
from components.serving.translator import Translator, TranslatorSettings, attention_of, load_exported, search_of
from tests.serving.echo import echo_codec

TEXTS = [
    "A man rides a bicycle.",
    "Yes!",
    "Where are my keys?",
    "One two three four five six seven eight.",
    "",
    "Zebra!",
]


# By attention. The units are such that activations do not fill whole vector registers, or do.
UNITS = {"luong": 20, "scaled_luong": 16, "none": 16}


@pytest.fixture(scope="module", params=UNITS)
def model(request: pytest.FixtureRequest) -> Seq2Seq:
    codec = echo_codec()
    sizes = len(codec.source_vocabulary), len(codec.target_vocabulary)
    tied = request.param == "none"
    shape = {"embedding_size": 8, "units": UNITS[request.param], "tie_embeddings": tied}
    return Seq2Seq(ModelParameters(attention=request.param, **shape), *sizes)


@pytest.fixture(scope="module")
def exported(model: Seq2Seq, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model") / "exported"
    export_model(model, folder)
    return folder


def test_opened_again_it_has_all_weights_to_the_bit(model: Seq2Seq, exported: Path) -> None:
    found = ExportedModel.open(exported)
    assert found
    assert found.parameters == model.parameters
    variables, weights = named_weights(model), found.weights()
    assert weights.keys() == variables.keys()
    assert len(variables) == len(model.variables)
    for name, variable in variables.items():
        np.testing.assert_array_equal(weights[name], variable.numpy())
    # Each stands there once; a tied projection also in the layout of the search.
    numbers = sum(array.size for array in weights.values())
    numbers += model.parameters.tie_embeddings * model.projection[0].shape.num_elements()
    held = (exported / "variables" / "variables.data-00000-of-00001").stat().st_size
    # The search pads the vocabulary, and has its own biases.
    assert 4 * numbers <= held < 4 * (numbers + 64 * 20 + 2 * model.sizes[1]) + 10_000


@pytest.fixture(scope="module")
def translator(exported: Path) -> Translator:
    settings = TranslatorSettings(batch_invariant=True)
    return Translator(echo_codec(), search_of(load_exported(exported)), settings)


@pytest.mark.parametrize("beam_width", [1, 4, 10])
def test_the_same_to_the_bit_alone_and_in_a_batch(translator: Translator, beam_width: int) -> None:
    options = TranslationOptions(beam_width, n_best=min(beam_width, 3))
    texts = [f"{text} {other}" for text in TEXTS for other in ("", TEXTS[3])]
    alone = [translator.translate([text], options)[0] for text in texts]
    assert translator.translate(texts, options) == alone
    assert translator.translate(texts[::-1], options) == alone[::-1]
    # In one batch with those of other callers, whoever comes in time.
    with ThreadPoolExecutor(len(texts)) as threads:
        assert [*threads.map(lambda text: translator.translate([text], options)[0], texts)] == alone


def test_alternatives_differ_and_have_finite_scores(translator: Translator) -> None:
    (translation,) = translator.translate(["Yes!"], TranslationOptions(beam_width=10, n_best=10))
    outputs = {found.sentences[0].target_tokens for found in translation.hypotheses}
    assert len(outputs) == len(translation.hypotheses) == 10
    assert all(-1000 < found.score < 0 for found in translation.hypotheses)


def test_alignments_point_into_the_source(translator: Translator) -> None:
    (translation,) = translator.translate(["Where are my keys?"], TranslationOptions())
    (alignment,) = translation.hypotheses[0].sentences
    assert len(alignment.positions) == len(alignment.target_tokens)
    assert all(-1 <= position < len(alignment.source_tokens) for position in alignment.positions)


def test_attention_is_in_reading_order(translator: Translator, exported: Path) -> None:
    attention = attention_of(load_exported(exported), translator.codec)
    assert attention
    options = TranslationOptions(beam_width=1, split_sentences=False)
    for translation in translator.translate(["One two three four five six.", "A man rides a bicycle."], options):
        (alignment,) = translation.hypotheses[0].sentences
        weights = attention(alignment)
        assert weights.shape == (len(alignment.target_tokens), len(alignment.source_tokens))
        if max(alignment.positions) < 0:
            assert not weights.any()  # No attention at all.
        else:
            assert weights.sum(axis=1) == pytest.approx(np.ones(len(weights)), abs=1e-5)
            assert weights.argmax(axis=1).tolist() == list(alignment.positions)
