"""Forced decoding: how probable the model finds a given output, id by id.

It goes step by step as the search does, through the same functions: an output has the score that the search gave it.
What comes out depends on the ids of a pair and on the time that its source is padded to, and on nothing else: the same
bits alone and in any batch.
"""

from typing import NamedTuple

import tensorflow as tf

from components.model.layers import no_dropout, target_lengths
from components.model.search import Projection
from components.model.seq2seq import Seq2Seq
from components.text.vocabulary import SOS

# So many floats fill a vector register, of whatever machine. What does not fill the last one of a tensor is rounded in
# another way by exp, log and the like; and a product of one row goes through another kernel than one of several.
ROWS = 16


class Forced(NamedTuple):
    """What the model says about given outputs, in nats; zeros behind the end of each.

    ``log_probabilities`` float32 [batch, time]: of each id; ``entropies`` float32 [batch, time]: of the distribution
    over the vocabulary that the id is from; ``attended`` float32 [batch, source time]: the attention that each source
    position got, summed over the output; zeros without attention.
    """

    log_probabilities: tf.Tensor
    entropies: tf.Tensor
    attended: tf.Tensor


def force(model: Seq2Seq, source: tf.Tensor, target: tf.Tensor, projection: Projection) -> Forced:
    """Scores outputs by full softmax over all that an output may hold (neither <pad> nor <sos>).

    Args:
        model: the trained model.
        source: int32 ids [batch, source time], padded with 0; no sentence may be empty.
        target: int32 ids [batch, time], as the search gives them: without SOS, with EOS, padded with 0.
        projection: the model's.
    """
    batch = tf.shape(source)[0]
    rows = tf.pad(tf.range(batch), [[0, -batch % ROWS]])  # The first one fills them up.
    source, target = tf.gather(source, rows), tf.gather(target, rows)
    encoded = model.encoder(source, no_dropout)
    lengths, steps = target_lengths(target), tf.shape(target)[1]
    read = tf.pad(target[:, :-1], [[0, 0], [1, 0]], constant_values=SOS)
    attends = model.parameters.attention != "none"

    def advance(step, state, attended, *arrays):  # type: ignore[no-untyped-def]
        hidden, state = model.decoder.step(read[:, step], state)
        logits = tf.nn.bias_add(tf.matmul(hidden, projection.weights), projection.biases)
        logits -= tf.reduce_max(logits, -1, keepdims=True)
        likelihoods = tf.exp(logits)
        total = tf.reduce_sum(likelihoods, -1)
        real = step < lengths
        log_probabilities = tf.gather(logits, target[:, step], batch_dims=1) - tf.math.log(total)
        entropies = tf.math.log(total) - tf.reduce_sum(likelihoods * logits, -1) / total
        if attends:
            attended += tf.where(real[:, None], state.alignments, 0.0)
        written = (
            array.write(step, tf.where(real, values, 0.0))
            for array, values in zip(arrays, (log_probabilities, entropies), strict=True)
        )
        return step + 1, state, attended, *written

    _, _, attended, *arrays = tf.while_loop(
        lambda step, *_: step < steps,
        advance,
        (
            tf.constant(0),
            model.decoder.start(encoded),
            tf.zeros(tf.shape(encoded.outputs)[:2]),
            *(tf.TensorArray(tf.float32, steps) for _ in range(2)),
        ),
    )
    log_probabilities, entropies = (tf.transpose(array.stack())[:batch] for array in arrays)
    return Forced(log_probabilities, entropies, attended[:batch])
