"""The encoder: embedding and LSTM layers over the source sentence."""

from functools import partial
from typing import NamedTuple

import tensorflow as tf

from components.model.layers import LSTM, PRODUCT_DTYPES, Dropout, embedding, source_lengths, without_remainder
from components.model.parameters import ModelParameters


class Encoded(NamedTuple):
    """The encoded source.

    ``outputs`` [batch, time, units], zero behind each sentence's end; ``lengths`` [batch]; ``state`` the final
    ``[h, c]`` of each layer, [batch, units] each.
    """

    outputs: tf.Tensor
    lengths: tf.Tensor
    state: list[list[tf.Tensor]]


class Encoder(tf.keras.layers.Layer):
    """Source ids → :class:`Encoded`.

    Bidirectional layers give half of the units to each direction, so that states and outputs have the same size
    either way.
    """

    def __init__(self, parameters: ModelParameters, vocabulary_size: int, precision: str):
        super().__init__(name="encoder")
        directions = ("forward", "backward") if parameters.encoder == "bidirectional" else ("forward",)
        self.embedding = embedding(vocabulary_size, parameters.embedding_size)
        units, dtype = parameters.units // len(directions), PRODUCT_DTYPES[precision]
        self._layers_of_directions = [
            [LSTM(units, dtype, name=f"layer_{layer}_{direction}") for direction in directions]
            for layer in range(parameters.layers)
        ]

    def call(self, source: tf.Tensor, dropout: Dropout, training: bool = False) -> Encoded:
        """Encodes ids, int32 [batch, time]; ids behind the first padding are ignored.

        ``training``: see :meth:`LSTM.call`.
        """
        lengths = source_lengths(source)
        # Time-major: a step then reads and writes one piece of memory.
        outputs = dropout.words(self.embedding(tf.transpose(without_remainder(source, lengths))))
        zeros = tf.zeros([tf.shape(source)[0], self._layers_of_directions[0][0].units])
        states = []
        for directions in self._layers_of_directions:
            outputs = dropout(outputs)
            # The backward direction reads each sentence reversed within its own length: padding stays behind it.
            orders = tf.identity, partial(tf.reverse_sequence, seq_lengths=lengths, seq_axis=0, batch_axis=1)
            both, finals = [], []
            for lstm, order in zip(directions, orders, strict=False):
                output, *final = lstm(order(outputs), zeros, zeros, lengths, training=training)
                both.append(order(output))
                finals.append(final)
            outputs = tf.concat(both, -1)
            states.append([tf.concat(directed, -1) for directed in zip(*finals, strict=True)])
        return Encoded(tf.transpose(outputs, [1, 0, 2]), lengths, states)
