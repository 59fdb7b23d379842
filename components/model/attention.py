"""Attention: what the decoder sees of the source at each step, besides its own state.

tensorflow-addons' mechanisms attend for one step, as a search must. Teacher forcing knows all queries beforehand:
``scores`` computes for all steps at once, in a few large products, what the mechanism computes step by step.
"""

from typing import Protocol

import tensorflow as tf
import tensorflow_addons as tfa

from components.model.layers import Linear


class Mechanism(Protocol):
    """One of tensorflow-addons' mechanisms, after ``setup_memory``. ``values`` are [batch, source time, units]."""

    values: tf.Tensor

    def scores(self, queries: tf.Tensor) -> tf.Tensor:
        """How well each source position matches each query: [batch, time, units] → [batch, time, source time]."""
        ...


class Luong(tfa.seq2seq.LuongAttention):
    """Multiplicative attention, score = query · (W memory) (Luong et al. 2015, "general")."""

    def __init__(self, units: int, product_dtype: tf.DType):
        super().__init__(units, name="attention")
        self.memory_layer: Linear | None = Linear(units, product_dtype, name="memory")

    def scores(self, queries: tf.Tensor) -> tf.Tensor:
        """See :class:`Mechanism`."""
        return tf.matmul(queries, self.keys, transpose_b=True)


class ScaledLuong(Luong):
    """The same with scores divided by √units (as by Vaswani et al. 2017).

    Unscaled scores are sums of ``units`` products and soon saturate the softmax, where gradients vanish. With a
    unidirectional encoder that costs much (``python -m benchmarks.ablations``); with a bidirectional one, the sharper
    :class:`Luong` learnt better on Multi30k and on Canadian law.
    """

    def __init__(self, units: int, product_dtype: tf.DType):
        super().__init__(units, product_dtype)
        # tensorflow-addons multiplies the scores of a single step by it.
        self.scale_weight = units**-0.5

    def scores(self, queries: tf.Tensor) -> tf.Tensor:
        """See :class:`Mechanism`."""
        return self.scale_weight * super().scores(queries)


class Bahdanau(tfa.seq2seq.BahdanauAttention):
    """Additive attention, score = v · tanh(W query + U memory) (Bahdanau et al. 2015)."""

    def __init__(self, units: int, product_dtype: tf.DType):
        super().__init__(units, name="attention")
        self.memory_layer = Linear(units, product_dtype, name="memory")
        self.query_layer = Linear(units, product_dtype, name="query")
        # Otherwise its weights are created with the first single step.
        self.build(tf.TensorShape([None, None, units]))

    def scores(self, queries: tf.Tensor) -> tf.Tensor:
        """See :class:`Mechanism`. Holds [batch, time, source time, units] in memory."""
        summed = self.query_layer(queries)[:, :, None] + self.keys[:, None]
        return tf.linalg.matvec(tf.tanh(summed), self.attention_v)


def contexts(mechanism: Mechanism, queries: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    """What each query attends to: the mean of the values, weighted by the softmax of the scores.

    Args:
        mechanism: with its memory set up.
        queries: [batch, time, units].
        lengths: int32 [batch], source positions that count.

    Returns:
        [batch, time, units].
    """
    scores = mechanism.scores(queries)
    real = tf.sequence_mask(lengths, tf.shape(scores)[2])[:, None]
    return tf.matmul(tf.nn.softmax(tf.where(real, scores, scores.dtype.min)), mechanism.values)


# `none` has no mechanism: the decoder has the encoder's final state and nothing else.
MECHANISMS: dict[str, type[Luong] | type[Bahdanau] | None] = {
    "none": None,
    "luong": Luong,
    "scaled_luong": ScaledLuong,
    "bahdanau": Bahdanau,
}
