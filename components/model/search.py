"""Beam search with a width that is a tensor: one traced function serves every width; greedy search is width 1.

tensorflow-addons' ``BeamSearchDecoder`` finds the same outputs (a test compares them) but takes its width as a Python
integer, which would mean a signature for each width, and it neither bounds each sentence by its own length nor returns
attention without a custom kernel.
"""

from typing import NamedTuple

import tensorflow as tf

from components.model.seq2seq import Seq2Seq
from components.model.sequences import source_lengths
from components.text.vocabulary import EOS, PAD, SOS

NEVER = -1e9


class Hypotheses(NamedTuple):
    """The outputs of a search, best first.

    ``ids`` int32 [batch, width, time]: without SOS, with EOS, then ``PAD``; ``scores`` float32 [batch, width]: the
    model's log-probability of the output, EOS included, in nats, -inf for what is no output; ``alignment`` int32
    [batch, width, time]: the source position that each output id looked at most, -1 without attention.
    """

    ids: tf.Tensor
    scores: tf.Tensor
    alignment: tf.Tensor


def length_limits(source: tf.Tensor) -> tf.Tensor:
    """How many ids, EOS included, the translation of each source sentence may have: int32 [batch]."""
    return 2 * source_lengths(source) + 10


def beam_search(model: Seq2Seq, source: tf.Tensor, width: tf.Tensor, length_penalty: tf.Tensor) -> Hypotheses:
    """Finds probable translations.

    Args:
        model: the trained model.
        source: int32 ids [batch, time], padded with 0; no sentence may be empty.
        width: int32 scalar, hypotheses kept at each step and returned.
        length_penalty: float32 scalar alpha; hypotheses rank by log-probability / ((5 + length) / 6)^alpha (Wu et al.
            2016, section 7). 0 ranks by log-probability.
    """
    batch = tf.shape(source)[0]
    limits = tf.repeat(length_limits(source), width)
    weights, biases = model.projection
    # A hypothesis may not say <pad> or <sos>.
    forbidden = tf.reduce_sum(tf.one_hot([PAD, SOS], biases.shape[0], on_value=NEVER), 0)
    silent = tf.one_hot(PAD, biases.shape[0], on_value=0.0, off_value=NEVER)
    only_eos = tf.one_hot(EOS, biases.shape[0], on_value=0.0, off_value=NEVER)

    encoded = model.encoder(source, lambda inputs: inputs)
    rows = tf.repeat(tf.range(batch), width)
    continuations = tf.minimum(width, biases.shape[0])
    state = model.decoder.start(tf.nest.map_structure(lambda part: tf.gather(part, rows), encoded))
    # At first all hypotheses of a sentence are the same: only one of them may count.
    first = tf.one_hot(tf.zeros([batch], tf.int32), width, on_value=0.0, off_value=NEVER)

    def advance(step, last, ids, alignment, scores, lengths, finished, state):  # type: ignore[no-untyped-def]
        hidden, state = model.decoder.step(last, state)
        logits = tf.matmul(hidden, weights, transpose_b=True) + biases + forbidden
        log_probabilities = tf.nn.log_softmax(logits)
        at_limit = step + 1 >= limits
        log_probabilities = tf.where(at_limit[:, None], log_probabilities + only_eos, log_probabilities)
        log_probabilities = tf.where(finished[:, None], silent, log_probabilities)
        # Of each hypothesis only the `width` best continuations can be among the `width` best of all.
        continued, words = tf.math.top_k(log_probabilities, continuations)
        total = tf.reshape(scores, [-1, 1]) + continued
        new_lengths = lengths + tf.cast(tf.logical_not(finished), tf.int32)
        ranked = total / _penalty(new_lengths, length_penalty)[:, None]
        _, chosen = tf.math.top_k(tf.reshape(ranked, [batch, width * continuations]), width)
        parents = tf.reshape(tf.range(batch)[:, None] * width + chosen // continuations, [-1])
        pick = tf.reshape(tf.range(batch)[:, None] * width * continuations + chosen, [-1])
        last = tf.gather(tf.reshape(words, [-1]), pick)
        scores = tf.reshape(tf.gather(tf.reshape(total, [-1]), pick), [batch, width])
        attended = tf.where(tf.gather(finished, parents), -1, tf.gather(model.decoder.attended(state), parents))
        state = _follow(state, parents)
        ids = tf.concat([tf.gather(ids, parents), last[:, None]], 1)
        alignment = tf.concat([tf.gather(alignment, parents), attended[:, None]], 1)
        finished = tf.logical_or(tf.gather(finished, parents), tf.equal(last, EOS))
        return step + 1, last, ids, alignment, scores, tf.gather(new_lengths, parents), finished, state

    hypotheses = batch * width
    nothing_yet = tf.zeros([hypotheses, 0], tf.int32)
    start = (
        tf.constant(0),
        tf.fill([hypotheses], SOS),
        nothing_yet,
        nothing_yet,
        first,
        tf.zeros([hypotheses], tf.int32),
        tf.zeros([hypotheses], tf.bool),
        state,
    )
    shapes = tf.nest.map_structure(lambda part: part.shape, start[:-1])
    shapes = (*shapes[:1], tf.TensorShape([None]), *[tf.TensorShape([None, None])] * 3, *[tf.TensorShape([None])] * 2)
    state_shapes = tf.nest.map_structure(
        lambda part: tf.TensorShape([None] * min(part.shape.rank, 1)).concatenate(part.shape[1:]), state
    )
    _, _, ids, alignment, scores, lengths, _, _ = tf.while_loop(
        lambda *loop: tf.logical_not(tf.reduce_all(loop[6])), advance, start, (*shapes, state_shapes)
    )
    # With fewer outputs in all than the beam is wide, the rest of it is filled with impossible ones.
    scores = tf.where(scores <= NEVER / 2, -float("inf"), scores)
    order = tf.argsort(
        scores / tf.reshape(_penalty(lengths, length_penalty), [batch, width]), direction="DESCENDING", stable=True
    )
    return Hypotheses(
        *(
            tf.gather(tf.reshape(part, tf.concat([[batch, width], tf.shape(part)[1:]], 0)), order, batch_dims=1)
            for part in (ids, tf.reshape(scores, [-1]), alignment)
        )
    )


def _penalty(lengths: tf.Tensor, alpha: tf.Tensor) -> tf.Tensor:
    return ((5.0 + tf.cast(lengths, tf.float32)) / 6.0) ** alpha


def _follow(state, parents: tf.Tensor):  # type: ignore[no-untyped-def]
    """The state with each hypothesis's row replaced by that of the one it continues. The step counter has no rows."""
    return tf.nest.map_structure(lambda part: tf.gather(part, parents) if part.shape.rank else part, state)
