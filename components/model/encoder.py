"""The encoder: embedding and LSTM layers over the source sentence."""

from functools import partial
from typing import NamedTuple

import tensorflow as tf

from components.model.dropout import Dropout
from components.model.embedding import embedding
from components.model.linear import PRODUCT_DTYPES
from components.model.lstm import LSTM
from components.model.parameters import ModelParameters
from components.model.sequences import source_lengths, without_remainder


class Encoded(NamedTuple):
    """What the decoder learns of the source.

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
        """Encodes ids, int32 [batch, time]; what stands behind the first padding is ignored.

        ``training``: see :meth:`LSTM.call`.
        """
        lengths = source_lengths(source)
        # Time goes first within: a step then reads and writes one piece of memory.
        outputs = dropout.words(self.embedding(tf.transpose(without_remainder(source, lengths))))
        zeros = tf.zeros([tf.shape(source)[0], self._layers_of_directions[0][0].units])
        states = []
        for directions in self._layers_of_directions:
            outputs = dropout(outputs)
            read, finals = [], []
            for lstm, turn in zip(
                directions, (tf.identity, partial(_reverse_sequences, lengths=lengths)), strict=False
            ):
                output, *final = lstm(turn(outputs), zeros, zeros, lengths, training=training)
                read.append(turn(output))
                finals.append(final)
            outputs = tf.concat(read, -1)
            states.append([tf.concat(parts, -1) for parts in zip(*finals, strict=True)])
        return Encoded(tf.transpose(outputs, [1, 0, 2]), lengths, states)


def _reverse_sequences(inputs: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    """[time, batch, …], each sentence reversed within its own length, so that padding stays behind it."""
    return tf.reverse_sequence(inputs, lengths, seq_axis=0, batch_axis=1)
