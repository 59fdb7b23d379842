"""The search against exhaustive search, against rescoring and against tensorflow-addons' own beam search."""

import functools
import itertools
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_addons as tfa

from components.model.attention import MECHANISMS
from components.model.export import Translator, export_model
from components.model.layers import no_dropout
from components.model.parameters import ModelParameters
from components.model.search import _best, beam_search, length_limits
from components.model.seq2seq import Seq2Seq
from components.text.vocabulary import EOS, PAD, SOS, UNK

SOURCE = np.array([[9, 8, 7, 6, 5], [5, 6, 7, PAD, PAD], [4, PAD, PAD, PAD, PAD]], np.int32)


def make_model(attention: str = "luong", target_size: int = 30, **shape) -> Seq2Seq:
    tf.keras.utils.set_random_seed(3)
    model = Seq2Seq(ModelParameters(embedding_size=8, units=16, attention=attention, **shape), 20, target_size)
    # Untrained models say one thing over and over; larger weights make up their minds.
    for variable in model.trainable_variables:
        variable.assign(variable * 3 + tf.random.stateless_normal(variable.shape, [1, 2]) * 0.3)
    return model


def log_probabilities(model: Seq2Seq, source: np.ndarray, outputs: np.ndarray) -> np.ndarray:
    """Of outputs of one length [outputs, ids], EOS included, for a sentence: float64 [outputs].

    By teacher forcing; nothing is padded, but <pad> and <sos> cannot be said.
    """
    count, length = outputs.shape
    target = tf.constant(np.pad(outputs, [(0, 0), (1, 0)], constant_values=SOS))
    encoded = model.encoder(np.repeat(source[None], count, 0), no_dropout)
    weights, biases = model.projection
    hidden = model.decoder(target[:, :-1], encoded, tf.fill([count], length), no_dropout)
    logits = (tf.tensordot(hidden, weights, [[-1], [-1]]) + biases).numpy()
    logits[:, :, [PAD, SOS]] = -np.inf
    likely = np.take_along_axis(tf.nn.log_softmax(logits).numpy(), outputs[:, :, None], 2)
    return likely.sum((1, 2), dtype=np.float64)


def log_probability(model: Seq2Seq, source: np.ndarray, ids: list[int]) -> float:
    return float(log_probabilities(model, source, np.array([ids]))[0])


def outputs(ids: np.ndarray) -> list[int]:
    ids = ids.tolist()
    return ids[: ids.index(EOS) + 1]


@pytest.mark.parametrize("attention", MECHANISMS)
@pytest.mark.parametrize("width", [1, 4])
def test_scores_are_the_models_log_probabilities(attention, width):
    model = make_model(attention)
    found = beam_search(model, tf.constant(SOURCE), tf.constant(width), tf.constant(1.0))
    for row, rank in itertools.product(range(len(SOURCE)), range(width)):
        source = SOURCE[row][SOURCE[row] != PAD]
        expected = log_probability(model, source, outputs(found.ids[row, rank].numpy()))
        assert found.scores[row, rank].numpy() == pytest.approx(expected, abs=1e-3)


def coverage(model: Seq2Seq, source: np.ndarray, outputs: np.ndarray) -> np.ndarray:
    """Wu et al. 2016, equation 14: the sum over source words of log min(attention it got, 1), for each output."""
    read = tf.constant(np.pad(outputs[:, :-1], [(0, 0), (1, 0)], constant_values=SOS))
    encoded = model.encoder(np.repeat(source[None], len(outputs), 0), no_dropout)
    return np.log(np.minimum(model.decoder.attention(read, encoded).numpy().sum(1), 1)).sum(1)


@functools.cache
def everything(attention: str) -> tuple[Seq2Seq, list[tuple[list[int], float, float]]]:
    """A model that can say four words: <unk>, EOS and two others; and all its outputs for a sentence of three words.

    Outputs have at most four ids. With each stand its log-probability and its coverage.
    """
    model, source, found = make_model(attention, target_size=6), SOURCE[1, :3], []
    for length in range(4):
        said = np.array([[*words, EOS] for words in itertools.product((UNK, 4, 5), repeat=length)])
        found += zip(said.tolist(), log_probabilities(model, source, said), coverage(model, source, said), strict=True)
    return model, found


# With the coverage penalty another three are the best.
@pytest.mark.parametrize(("length_penalty", "coverage_penalty"), [(0.0, 0.0), (1.0, 0.0), (1.0, 5.0), (0.0, 5.0)])
@pytest.mark.parametrize("attention", ["luong", "bahdanau"])
def test_a_wide_beam_finds_what_exhaustive_search_finds(attention, length_penalty, coverage_penalty, monkeypatch):
    model, every_output = everything(attention)
    monkeypatch.setattr("components.model.search.length_limits", lambda source: tf.fill(tf.shape(source)[:1], 4))

    def rank(output: tuple[list[int], float, float]) -> float:
        ids, log_probability, covered = output
        return log_probability / ((5 + len(ids)) / 6) ** length_penalty + coverage_penalty * covered

    best = sorted(every_output, key=rank, reverse=True)[:3]
    penalties = tf.constant(length_penalty), tf.constant(coverage_penalty)
    # Beside a longer sentence, which must not count.
    found = beam_search(model, tf.constant(SOURCE[:2]), tf.constant(64), *penalties)
    assert [outputs(ids) for ids in found.ids[1, :3].numpy()] == [ids for ids, _, _ in best]
    assert found.scores[1, 0].numpy() == pytest.approx(best[0][1], abs=1e-3)


def test_without_attention_there_is_no_coverage():
    model, arguments = make_model("none"), (tf.constant(SOURCE), tf.constant(3), tf.constant(1.0))
    found, expected = beam_search(model, *arguments, tf.constant(2.0)), beam_search(model, *arguments)
    assert found.ids.numpy().tolist() == expected.ids.numpy().tolist()


@pytest.mark.parametrize("width", [1, 3])
def test_finds_what_tensorflow_addons_finds(width):
    model = make_model()
    # Short outputs: tensorflow-addons knows no limit that follows each sentence.
    model._biases.assign(tf.tensor_scatter_nd_add(model._biases, [[EOS]], [4.0]))
    weights, biases = model.projection
    forbidden = tf.reduce_sum(tf.one_hot([PAD, SOS], 30, on_value=-1e9), 0)
    decoder = tfa.seq2seq.BeamSearchDecoder(
        model.decoder._cell,
        beam_width=width,
        embedding_fn=model.decoder.embedding,
        output_layer=tf.keras.layers.Lambda(
            lambda hidden: tf.tensordot(hidden, weights, [[-1], [-1]]) + biases + forbidden
        ),
        maximum_iterations=40,
    )
    tfa.options.disable_custom_kernel()
    for row in SOURCE:
        source = tf.constant(row[row != PAD][None])
        encoded = model.encoder(source, no_dropout)
        state = model.decoder.start(tf.nest.map_structure(lambda part: tf.repeat(part, width, 0), encoded))
        expected, _, _ = decoder(None, start_tokens=tf.constant([SOS]), end_token=EOS, initial_state=state)
        found = beam_search(model, source, tf.constant(width), tf.constant(0.0))
        assert outputs(found.ids[0, 0].numpy()) == outputs(np.append(expected.predicted_ids[0, :, 0], EOS))


# With 0 the search goes on with one sentence after the others have ended, in a round of its own.
@pytest.mark.parametrize(
    ("few", "width", "shape"), [(8, 1, {}), (0, 3, {"encoder": "bidirectional", "attention": "bahdanau", "layers": 2})]
)
def test_a_sentence_has_the_same_bits_alone_and_in_a_batch(few, width, shape, monkeypatch):
    monkeypatch.setattr("components.model.search.FEW", few)
    model = make_model(**shape)
    search = tf.function(
        lambda source: beam_search(model, source, tf.constant(width), tf.constant(0.7), tf.constant(0.3)),
        input_signature=[tf.TensorSpec([None, None], tf.int32)],
    )
    source = np.concatenate([SOURCE, SOURCE[:1, ::-1] + 3, [[PAD] * 5], SOURCE[1:] + (SOURCE[1:] > 0)])
    source = source.astype(np.int32)
    together = search(tf.constant(source))
    for row in [0, 1, 2, 3, 5, 6]:
        for company in ([row], [0, 1, row, 4], [row, *range(3)] * 4):
            found, place = search(tf.constant(source[company])), company.index(row)
            length = min(found.ids.shape[2], together.ids.shape[2])
            np.testing.assert_array_equal(found.ids[place, :, :length], together.ids[row, :, :length])
            np.testing.assert_array_equal(found.scores[place], together.scores[row])


def test_no_output_is_longer_than_its_limit_and_each_ends_with_eos():
    model = make_model()
    # EOS is all but impossible, so that only the limit ends an output.
    model._biases.assign(tf.tensor_scatter_nd_update(model._biases, [[EOS]], [-50.0]))
    ids = beam_search(model, tf.constant(SOURCE), tf.constant(2), tf.constant(1.0)).ids.numpy()
    lengths = [[len(outputs(hypothesis)) for hypothesis in sentence] for sentence in ids]
    assert (
        lengths
        == [[limit, limit] for limit in length_limits(tf.constant(SOURCE)).numpy()]
        == [[20, 20], [16, 16], [12, 12]]
    )


def test_alignment_points_into_the_sentence_and_is_minus_one_behind_the_end():
    found = beam_search(make_model(), tf.constant(SOURCE), tf.constant(2), tf.constant(1.0))
    for row, rank in itertools.product(range(3), range(2)):
        length = len(outputs(found.ids[row, rank].numpy()))
        alignment = found.alignment[row, rank].numpy()
        assert ((alignment[:length] >= 0) & (alignment[:length] < (SOURCE[row] != PAD).sum())).all()
        assert (alignment[length:] == -1).all()


@pytest.mark.parametrize(("words", "count"), [(64, 1), (64, 64), (640, 1), (640, 5), (640, 10), (640, 200)])
def test_the_best_words_are_those_of_the_whole_vocabulary(words, count):
    logits = tf.random.stateless_normal([7, words], [1, count])
    best, found = _best(logits, tf.constant(count))
    expected = tf.math.top_k(logits, count)
    np.testing.assert_array_equal(best, expected.values)
    np.testing.assert_array_equal(found, expected.indices)


@pytest.fixture(scope="module")
def bfloat16() -> tuple[Seq2Seq, Translator]:
    """A model that is trained in bfloat16, and what is exported of it."""
    model = Seq2Seq(ModelParameters(embedding_size=8, units=16), 20, 30, "mixed_bfloat16")
    for variable in model.trainable_variables:
        variable.assign(variable * 3 + tf.random.stateless_normal(variable.shape, [1, 2]) * 0.3)
    return model, Translator(model)


def test_the_exported_search_multiplies_in_float32(bfloat16):
    trained, translator = bfloat16
    exact = Seq2Seq(trained.parameters, 20, 30, "float32")
    for variable, other in zip(trained.variables, exact.variables, strict=True):
        other.assign(variable)
    arguments = tf.constant(SOURCE), tf.constant(3), tf.constant(1.0), tf.constant(0.0)
    found, expected = translator.translate(*arguments), beam_search(exact, *arguments)
    assert found["ids"].numpy().tolist() == expected.ids.numpy().tolist()
    np.testing.assert_allclose(found["scores"], expected.scores, rtol=1e-5)


def test_all_widths_and_shapes_are_one_trace(bfloat16):
    _, translator = bfloat16
    for width, (batch, length) in zip(range(1, 11), itertools.product((1, 2, 5, 9, 12), (1, 6)), strict=True):
        source = tf.fill([batch, length], 7)
        found = translator.translate(source, tf.constant(width), tf.constant(1.0), tf.constant(0.1 * (width % 2)))
        assert found["scores"].shape == (batch, width)
        assert found["ids"].shape[:2] == found["alignment"].shape[:2] == (batch, width)
    assert translator.translate.experimental_get_tracing_count() == 1


# By their attention.
EXPORTED = {
    "none": {},
    "luong": {"layers": 2},
    "scaled_luong": {"layers": 2, "tie_embeddings": True},
    "bahdanau": {},
}


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Of an attention: the model, the folder it was exported to, and what is loaded from there. Each is made once."""

    @functools.cache
    def export(attention: str) -> tuple[Seq2Seq, Path, Any]:
        model = make_model(attention, encoder="bidirectional", **EXPORTED[attention])
        folder = tmp_path_factory.mktemp(attention) / "model"
        export_model(model, folder)
        return model, folder, tf.saved_model.load(str(folder))

    return export


@pytest.mark.parametrize("attention", ["luong", "scaled_luong"])
def test_the_exported_model_translates_like_the_model(attention, exported):
    model, _, loaded = exported(attention)
    for width, coverage_penalty in ((1, 0.0), (5, 0.0), (5, 0.5)):
        arguments = tf.constant(SOURCE), tf.constant(width), tf.constant(1.0), tf.constant(coverage_penalty)
        before, after = beam_search(model, *arguments), loaded.translate(*arguments)
        assert after.keys() == {"ids", "scores", "alignment"}
        np.testing.assert_array_equal(after["ids"], before.ids)
        np.testing.assert_array_equal(after["alignment"], before.alignment)
        np.testing.assert_allclose(after["scores"], before.scores, rtol=1e-5)


ALONE = """
import sys, tensorflow as tf
loaded = tf.saved_model.load(sys.argv[1])
source = tf.constant([[9, 8, 7, 6, 5], [5, 6, 7, 0, 0], [4, 0, 0, 0, 0]])
found = loaded.translate(source, tf.constant(5), tf.constant(1.0), tf.constant(0.5))
print(found["ids"].numpy().tolist())
unwanted = {"tensorflow_addons", "apache_beam", "mlflow", "components"} & set(sys.modules)
assert not unwanted, unwanted
"""


def test_the_exported_model_needs_tensorflow_alone(exported, tmp_path):
    model, folder, _ = exported("bahdanau")
    command = [sys.executable, "-c", ALONE, str(folder)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = beam_search(model, tf.constant(SOURCE), tf.constant(5), tf.constant(1.0), tf.constant(0.5))
    assert done.stdout.strip() == str(found.ids.numpy().tolist())


@pytest.mark.parametrize("attention", EXPORTED)
def test_the_attention_to_an_output_peaks_where_the_search_says(attention, exported):
    _, _, loaded = exported(attention)
    found = loaded.translate(tf.constant(SOURCE), tf.constant(1), tf.constant(1.0), tf.constant(0.0))
    ids, positions = found["ids"][:, 0].numpy(), found["alignment"][:, 0].numpy()
    weights = loaded.attention(tf.constant(SOURCE), tf.constant(ids)).numpy()
    assert weights.shape == (*ids.shape, SOURCE.shape[1])
    said = ids != PAD
    if attention == "none":
        assert not weights.any()
        return
    np.testing.assert_allclose(weights[said].sum(-1), 1, atol=1e-5)
    assert (weights[said].argmax(-1) == positions[said]).all()
    assert (weights[said][np.repeat(SOURCE == PAD, said.sum(1), 0)] == 0).all()


@pytest.mark.parametrize("attention", EXPORTED)
def test_an_output_has_the_score_that_the_search_gave_it(attention, exported):
    _, _, loaded = exported(attention)
    found = loaded.translate(tf.constant(SOURCE), tf.constant(1), tf.constant(1.0), tf.constant(0.0))
    ids = found["ids"][:, 0].numpy()
    scored = {key: value.numpy() for key, value in loaded.score(tf.constant(SOURCE), tf.constant(ids)).items()}
    np.testing.assert_allclose(scored["log_probabilities"].sum(1), found["scores"][:, 0], atol=1e-4)
    behind = np.cumsum(ids == EOS, 1) - (ids == EOS) > 0
    assert behind.any()
    assert (scored["log_probabilities"][behind] == 0).all()
    assert (scored["entropies"][behind] == 0).all()
    assert (scored["entropies"][~behind] > 0).all()
    # All the attention there was, and none to padding.
    assert (scored["attended"][SOURCE == PAD] == 0).all()
    lengths = (~behind).sum(1)
    np.testing.assert_allclose(scored["attended"].sum(1), 0 if attention == "none" else lengths, atol=1e-4)


def test_scores_sum_up_to_the_validation_loss(exported):
    model, _, loaded = exported("luong")
    _, biases = model.projection
    before = tf.identity(biases)
    # An output may hold neither <pad> nor <sos>; a trained model has learnt that.
    biases.assign(tf.tensor_scatter_nd_update(biases, [[PAD], [SOS]], [-1e9, -1e9]))
    target = tf.constant([[SOS, 4, 5, 6, EOS, PAD], [SOS, 7, EOS, PAD, PAD, PAD], [SOS, 4, 4, 4, 4, EOS]])
    loss = model.validation_loss(tf.constant(SOURCE), target)
    scored = loaded.score(tf.constant(SOURCE), target[:, 1:])
    biases.assign(before)
    assert -scored["log_probabilities"].numpy().sum() == pytest.approx(loss.total.numpy(), abs=1e-4)


def test_a_score_has_the_same_bits_alone_and_in_a_batch(exported):
    _, _, loaded = exported("luong")
    random = np.random.default_rng(5)
    sources = np.zeros((37, 8), np.int32)
    targets = np.zeros((37, 8), np.int32)
    for source, target in zip(sources, targets, strict=True):
        read, said = random.integers(1, 9), random.integers(0, 8)
        source[:read] = random.integers(4, 20, read)
        target[: said + 1] = *random.integers(4, 30, said), EOS
    together = {key: value.numpy() for key, value in loaded.score(tf.constant(sources), tf.constant(targets)).items()}
    for row in range(0, 37, 5):
        alone = loaded.score(tf.constant(sources[row : row + 1]), tf.constant(targets[row : row + 1]))
        for key, value in alone.items():
            np.testing.assert_array_equal(value[0], together[key][row])
