"""What the decoder sees of the source at each step, besides its own state."""

from collections.abc import Callable

import tensorflow as tf
import tensorflow_addons as tfa

from components.model.linear import Linear


def luong(units: int, product_dtype: tf.DType) -> tf.keras.layers.Layer:
    """Multiplicative attention, score = query · (W memory) (Luong et al. 2015, "general")."""
    mechanism = tfa.seq2seq.LuongAttention(units, name="attention")
    mechanism.memory_layer = Linear(units, product_dtype, name="memory")
    return mechanism


def bahdanau(units: int, product_dtype: tf.DType) -> tf.keras.layers.Layer:
    """Additive attention, score = v · tanh(W query + U memory) (Bahdanau et al. 2015)."""
    mechanism = tfa.seq2seq.BahdanauAttention(units, name="attention")
    mechanism.memory_layer = Linear(units, product_dtype, name="memory")
    mechanism.query_layer = Linear(units, product_dtype, name="query")
    return mechanism


# `none` has no mechanism: the decoder has the encoder's final state and nothing else.
MECHANISMS: dict[str, Callable[[int, tf.DType], tf.keras.layers.Layer] | None] = {
    "none": None,
    "luong": luong,
    "bahdanau": bahdanau,
}
