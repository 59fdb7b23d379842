"""Beam search with a width that is a tensor: one traced function serves every width; greedy search is width 1.

tensorflow-addons' ``BeamSearchDecoder`` finds the same outputs (a test compares them) but takes its width as a Python
integer, which would need a signature for each width. It neither bounds each sentence by its own length nor returns
attention without a custom kernel.

What is found for a sentence depends on its ids and on the time that they are padded to, and on nothing else: the same
bits alone and in any batch, of any order. docs/explanation/batches.md says why.
"""

import math
from typing import Any, NamedTuple

import tensorflow as tf

from components.model.encoder import Encoded
from components.model.layers import no_dropout, source_lengths
from components.model.seq2seq import Seq2Seq
from components.text.vocabulary import EOS, PAD, SOS, UNK

NEVER = -1e9
# A product of one row goes through another kernel than one of several.
FEWEST_ROWS = 2
# Where a tensor does not fill its last vector register (of so many floats at most), those that are left over are
# rounded in another way by exp, log, sigmoid and powers.
VECTOR = 16
# The best words are searched in groups of so many: see _best.
GROUP = 64
# With so few sentences a step takes the same time for fewer; another round would only add to it.
FEW = 8


class Projection(NamedTuple):
    """Hidden states → logits, in the layout for small batches: ``weights`` [size, words], ``biases`` [words].

    Words are those of the vocabulary, padded to a multiple of ``GROUP``. Those that no output may hold, <pad>, <sos>
    and the padding, have a bias of ``NEVER``.
    """

    weights: tf.Tensor
    biases: tf.Tensor


def search_projection(model: Seq2Seq) -> Projection:
    """The model's projection in the layout that the search needs."""
    weights, biases = model.projection
    missing = -biases.shape[0] % GROUP
    allowed = biases + tf.reduce_sum(tf.one_hot([PAD, SOS], biases.shape[0], on_value=NEVER), 0)
    return Projection(
        tf.pad(tf.transpose(weights), [[0, 0], [0, missing]]), tf.pad(allowed, [[0, missing]], constant_values=NEVER)
    )


class Hypotheses(NamedTuple):
    """The outputs of a search, best first.

    ``ids`` int32 [batch, width, time]: without SOS, with EOS, then ``PAD``; ``scores`` float32 [batch, width]: the
    model's log-probability of the output, EOS included, in nats, -inf for what is no output; ``alignment`` int32
    [batch, width, time]: the source position that each output id attended to most, -1 without attention.
    """

    ids: tf.Tensor
    scores: tf.Tensor
    alignment: tf.Tensor


def length_limits(source: tf.Tensor) -> tf.Tensor:
    """How many ids, EOS included, the translation of each source sentence may have: int32 [batch]."""
    return 2 * source_lengths(source) + 10


def beam_search(
    model: Seq2Seq,
    source: tf.Tensor,
    width: tf.Tensor,
    length_penalty: tf.Tensor,
    coverage_penalty: tf.Tensor | float = 0.0,
    projection: Projection | None = None,
) -> Hypotheses:
    """Finds probable translations.

    It works in rounds. A round ends when at most half of its sentences have unfinished hypotheses; only that half
    takes part in the next one, so that finished outputs cost no time while long ones grow.

    Args:
        model: the trained model.
        source: int32 ids [batch, time], padded with 0. What is found for an empty sentence means nothing: it fills a
            batch.
        width: int32 scalar, hypotheses kept at each step and returned.
        length_penalty: float32 scalar alpha; hypotheses rank by log-probability / ((5 + length) / 6)^alpha (Wu et al.
            2016, section 7). 0 ranks by log-probability.
        coverage_penalty: float32 scalar beta: in the end a hypothesis ranks lower by beta times what its attention
            leaves out of the sentence (equation 14 there). It ranks the ``width`` finished hypotheses only: a growing
            one has not yet covered its sentence. Without attention it does nothing.
        projection: the model's, if it was made before; making it takes longer than a short sentence.
    """
    projection = projection or search_projection(model)
    multiple, fewest = _multiple(model), (FEWEST_ROWS - 1) // width + 1
    given = tf.shape(source)[0]
    batch = tf.maximum(_up(given, multiple), _up(fewest, multiple))
    source = tf.pad(source, [[0, tf.maximum(batch, FEWEST_ROWS) - given], [0, 0]], constant_values=PAD)
    empty = tf.equal(source[:, 0], PAD)
    # A softmax over no word at all has no value.
    source = tf.where(empty[:, None], tf.pad(tf.fill([1, 1], UNK), [[0, 0], [0, tf.shape(source)[1] - 1]]), source)
    encoded = _chosen(model.encoder(source, no_dropout), tf.range(batch))
    limits = length_limits(source)[:batch]
    longest = tf.reduce_max(limits)
    weights = _rank_weights(longest, length_penalty)
    beam = _start(model, encoded, limits, width, empty[:batch])
    nothing = tf.fill([batch, width, longest], PAD)
    found = Hypotheses(nothing, tf.zeros([batch, width]), tf.fill([batch, width, longest], -1))
    lengths = tf.zeros([batch, width], tf.int32)

    def round_(sentences, encoded, beam, found, lengths):  # type: ignore[no-untyped-def]
        # Sets the attention's memory to the sentences of this round; the state that this returns is the first round's.
        model.decoder.start(_widened(encoded, width))
        # Half of them, in full, so that there are few shapes.
        half = _up(tf.maximum((tf.size(sentences) + 1) // 2, fewest), multiple)
        another_round = tf.logical_and(tf.size(sentences) > FEW, half < tf.size(sentences))
        beam = _grow(model, projection, beam, width, weights, tf.where(another_round, half, 0))
        growing = _growing(beam, width)
        where = sentences[:, None]
        found = Hypotheses(
            tf.tensor_scatter_nd_update(found.ids, where, _padded(beam.ids, width, longest, PAD)),
            tf.tensor_scatter_nd_update(found.scores, where, tf.reshape(beam.scores, [-1, width])),
            tf.tensor_scatter_nd_update(found.alignment, where, _padded(beam.alignment, width, longest, -1)),
        )
        lengths = tf.tensor_scatter_nd_update(lengths, where, tf.reshape(beam.lengths, [-1, width]))
        # Finished ones fill it up.
        order = tf.argsort(tf.cast(growing, tf.int32), direction="DESCENDING", stable=True)
        left = order[: tf.where(tf.reduce_any(growing), half, 0)]
        hypotheses = tf.reshape(left[:, None] * width + tf.range(width), [-1])
        return (
            tf.gather(sentences, left),
            _chosen(encoded, left),
            _chosen(beam, hypotheses),
            found,
            lengths,
        )

    _, _, _, found, lengths = tf.while_loop(
        lambda sentences, *_: tf.size(sentences) > 0,
        round_,
        (tf.range(batch), encoded, beam, found, lengths),
        _any_rows((tf.range(batch), encoded, beam, found, lengths)),
    )
    ranks = found.scores * tf.gather(weights, lengths)
    if model.parameters.attention != "none":
        ranks += tf.cond(
            tf.equal(coverage_penalty, 0.0),
            lambda: tf.zeros_like(ranks),
            lambda: coverage_penalty * _coverage(model, _widened(encoded, width), found.ids, lengths),
        )
    return Hypotheses(*(part[:given] for part in _ranked(found, ranks, lengths)))


class _Beam(NamedTuple):
    """Hypotheses of some sentences while they grow; those of a sentence are adjacent.

    ``step``: ids in the longest of them; ``last`` int32 [sentences · width], the id each ends with; ``ids`` and
    ``alignment`` int32 [sentences · width, step]; ``scores`` float32, ``lengths`` and ``limits`` int32, ``finished``
    bool, [sentences · width] each; ``state`` the decoder's.
    """

    step: tf.Tensor
    last: tf.Tensor
    ids: tf.Tensor
    alignment: tf.Tensor
    scores: tf.Tensor
    lengths: tf.Tensor
    limits: tf.Tensor
    finished: tf.Tensor
    state: Any


def _start(model: Seq2Seq, encoded: Encoded, limits: tf.Tensor, width: tf.Tensor, finished: tf.Tensor) -> _Beam:
    hypotheses = tf.size(limits) * width
    return _Beam(
        step=tf.constant(0),
        last=tf.fill([hypotheses], SOS),
        ids=tf.zeros([hypotheses, 0], tf.int32),
        alignment=tf.zeros([hypotheses, 0], tf.int32),
        # At first all hypotheses of a sentence are the same: only one of them may count.
        scores=tf.tile(tf.one_hot(0, width, on_value=0.0, off_value=NEVER), [tf.size(limits)]),
        lengths=tf.zeros([hypotheses], tf.int32),
        limits=tf.repeat(limits, width),
        finished=tf.repeat(finished, width),
        state=model.decoder.start(_widened(encoded, width)),
    )


def _grow(
    model: Seq2Seq, projection: Projection, beam: _Beam, width: tf.Tensor, weights: tf.Tensor, unfinished: tf.Tensor
) -> _Beam:
    """Lets the hypotheses grow until at most so many sentences have some that go on growing."""
    continuations = tf.minimum(width, model.sizes[1])
    only_first = tf.one_hot(0, continuations, on_value=0.0, off_value=NEVER)
    sentences = tf.size(beam.scores) // width

    def advance(*parts):  # type: ignore[no-untyped-def]
        beam = _Beam(*parts)
        hidden, state = model.decoder.step(beam.last, beam.state)
        logits = tf.nn.bias_add(tf.matmul(hidden, projection.weights), projection.biases)
        # Of each hypothesis only the `width` best continuations can be among the `width` best of all.
        continued, words = _best(logits, continuations)
        # Only these probabilities are needed: log-softmax without storing that of the whole vocabulary.
        peak = continued[:, :1]
        total = peak + _log(tf.reduce_sum(tf.exp(logits - peak), -1, keepdims=True))
        continued -= total
        for rows, word, log_probability in (
            (beam.step + 1 >= beam.limits, EOS, logits[:, EOS : EOS + 1] - total),
            (beam.finished, PAD, 0.0),
        ):
            words = tf.where(rows[:, None], word, words)
            continued = tf.where(rows[:, None], log_probability + only_first, continued)
        scores = beam.scores[:, None] + continued
        lengths = beam.lengths + tf.cast(tf.logical_not(beam.finished), tf.int32)
        ranked = tf.reshape(scores * tf.gather(weights, lengths)[:, None], [sentences, width * continuations])
        _, chosen = tf.math.top_k(ranked, width)
        first = tf.range(sentences)[:, None] * width
        parents = tf.reshape(first + chosen // continuations, [-1])
        picked = tf.reshape(first * continuations + chosen, [-1])
        last = tf.gather(tf.reshape(words, [-1]), picked)
        attended = tf.where(beam.finished, -1, model.decoder.attended(state))
        history = _chosen((beam.ids, beam.alignment, attended, lengths, beam.finished, state), parents)
        ids, alignment, attended, lengths, finished, state = history
        return _Beam(
            step=beam.step + 1,
            last=last,
            ids=tf.concat([ids, last[:, None]], 1),
            alignment=tf.concat([alignment, attended[:, None]], 1),
            scores=tf.gather(tf.reshape(scores, [-1]), picked),
            lengths=lengths,
            limits=beam.limits,
            finished=tf.logical_or(finished, tf.equal(last, EOS)),
            state=state,
        )

    def many_grow(*parts) -> tf.Tensor:  # type: ignore[no-untyped-def]
        return tf.reduce_sum(tf.cast(_growing(_Beam(*parts), width), tf.int32)) > unfinished

    return _Beam(*tf.while_loop(many_grow, advance, tuple(beam), tuple(_any_rows(beam))))


def _best(logits: tf.Tensor, count: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The ``count`` largest logits of each row, falling, and their words: float32 and int32 [rows, count].

    They are in the ``count`` groups of the vocabulary with the largest maxima. Searching only those is much faster.
    """
    groups = tf.reshape(logits, [-1, logits.shape[1] // GROUP, GROUP])
    _, chosen = tf.math.top_k(tf.reduce_max(groups, -1), tf.minimum(count, groups.shape[1]))
    candidates = tf.gather(groups, chosen, batch_dims=1)
    best, positions = tf.math.top_k(tf.reshape(candidates, [tf.shape(logits)[0], -1]), count)
    return best, tf.gather(chosen, positions // GROUP, batch_dims=1) * GROUP + positions % GROUP


def _growing(beam: _Beam, width: tf.Tensor) -> tf.Tensor:
    """Which sentences have a hypothesis that is not finished: bool [sentences]."""
    return tf.logical_not(tf.reduce_all(tf.reshape(beam.finished, [-1, width]), 1))


def _widened(encoded: Encoded, width: tf.Tensor) -> Encoded:
    """Each sentence as often as it has hypotheses."""
    return tf.nest.map_structure(lambda part: tf.repeat(part, width, 0), encoded)


def _padded(histories: tf.Tensor, width: tf.Tensor, length: tf.Tensor, value: int) -> tf.Tensor:
    """[sentences · width, step] → [sentences, width, length], padded with ``value``."""
    missing = length - tf.shape(histories)[1]
    padded = tf.pad(histories, [[0, 0], [0, missing]], constant_values=value)
    return tf.reshape(padded, [-1, width, length])


def _coverage(model: Seq2Seq, encoded: Encoded, ids: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    """How well outputs cover their sentence: 0 if the attention to each word sums up to 1, below that less.

    Σ_i log min(Σ_j p_ij, 1), p_ij being the attention to source word i at output word j.

    Args:
        model: with attention.
        encoded: of each hypothesis.
        ids: int32 [batch, width, time].
        lengths: int32 [batch, width], ids of each that count, EOS included.

    Returns:
        float32 [batch, width].
    """
    outputs, ends = tf.reshape(ids, [-1, tf.shape(ids)[2]]), tf.reshape(lengths, [-1])
    longest = tf.reduce_max(ends)
    read = tf.pad(outputs[:, : longest - 1], [[0, 0], [1, 0]], constant_values=SOS)
    attention = model.decoder.attention(read, encoded)
    counted = tf.where(tf.sequence_mask(ends, longest)[:, :, None], attention, 0.0)
    # Step by step: in what order a sum over all of them is rounded would depend on how many they are.
    seen = tf.foldl(tf.add, tf.transpose(counted, [1, 0, 2]))
    # The logarithm of a word without any attention is finite, so that two such outputs can be compared.
    logarithms = _log(tf.clip_by_value(seen, 1e-37, 1.0))
    real = tf.sequence_mask(encoded.lengths, tf.shape(seen)[1])
    return tf.reshape(tf.reduce_sum(tf.where(real, logarithms, 0.0), 1), tf.shape(lengths))


def _ranked(found: Hypotheses, ranks: tf.Tensor, lengths: tf.Tensor) -> Hypotheses:
    """Best first, and no longer than the longest output; ``ranks`` [batch, width] are larger for the better."""
    # With fewer possible outputs than the beam is wide, impossible ones fill the rest.
    scores = tf.where(found.scores <= NEVER / 2, -float("inf"), found.scores)
    order = tf.argsort(tf.where(tf.math.is_inf(scores), scores, ranks), direction="DESCENDING", stable=True)
    longest = tf.reduce_max(lengths)
    parts = found.ids[:, :, :longest], scores, found.alignment[:, :, :longest]
    return Hypotheses(*(tf.gather(part, order, batch_dims=1) for part in parts))


def _rank_weights(longest: tf.Tensor, alpha: tf.Tensor) -> tf.Tensor:
    """What the log-probability of an output of 0, 1, … ``longest`` ids, at least, is multiplied by: float32 [n]."""
    lengths = tf.range(_up(longest + 1, VECTOR))
    return ((5.0 + tf.cast(lengths, tf.float32)) / 6.0) ** -alpha


def _log(values: tf.Tensor) -> tf.Tensor:
    """The natural logarithm, [rows, n]; no value is one of those left over, see ``VECTOR``."""
    columns = tf.shape(values)[1]
    padded = tf.pad(values, [[0, 0], [0, _up(columns, VECTOR) - columns]], constant_values=1.0)
    return tf.math.log(padded)[:, :columns]


def _multiple(model: Seq2Seq) -> int:
    """Of so many rows the activations of a layer fill whole vector registers; 1 where ``units`` are a multiple."""
    directions = 2 if model.parameters.encoder == "bidirectional" else 1
    return VECTOR // math.gcd(VECTOR, model.parameters.units // directions)


def _up(count: tf.Tensor, multiple: int) -> tf.Tensor:
    """The next multiple that is not less."""
    return -(-count // multiple) * multiple


def _chosen(parts: Any, rows: tf.Tensor) -> Any:
    """The chosen rows of each tensor; a scalar, such as the step, stays."""
    return tf.nest.map_structure(lambda part: tf.gather(part, rows) if part.shape.rank else part, parts)


def _any_rows(parts: Any) -> Any:
    """Shapes for a loop in which the number of rows changes, and for matrices of ids that of columns."""

    def shape(part: tf.Tensor) -> tf.TensorShape:
        known = part.shape[1:] if part.dtype.is_floating else [None] * max(part.shape.rank - 1, 0)
        return tf.TensorShape([None] * min(part.shape.rank, 1)).concatenate(known)

    return tf.nest.map_structure(shape, parts)
