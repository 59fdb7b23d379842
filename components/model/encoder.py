"""The encoder: embedding and LSTM layers over the source sentence."""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from components.model.embedding import embedding
from components.model.linear import PRODUCT_DTYPES
from components.model.lstm import StackedLSTMCell, input_projection
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


class _Direction(tf.keras.layers.Layer):
    """One LSTM layer that reads in one direction: [batch, time, k] → [batch, time, units], and its final state."""

    def __init__(self, units: int, product_dtype: tf.DType, backwards: bool, name: str):
        super().__init__(name=name)
        self._projection = input_projection(units, product_dtype, "projection")
        cell = StackedLSTMCell(units, 1, product_dtype, name="cell")
        self._rnn = tf.keras.layers.RNN(cell, return_sequences=True, return_state=True, zero_output_for_mask=True)
        self._backwards = backwards

    def call(self, inputs: tf.Tensor, lengths: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        if self._backwards:
            # Each sentence is turned within its own length, so padding stays behind it.
            inputs = tf.reverse_sequence(inputs, lengths, seq_axis=1)
        # The mask makes the RNN carry the state past the padding unchanged.
        mask = tf.sequence_mask(lengths, tf.shape(inputs)[1])
        outputs, state = self._rnn(self._projection(inputs), mask=mask)
        if self._backwards:
            outputs = tf.reverse_sequence(outputs, lengths, seq_axis=1)
        return outputs, list(state)


class Encoder(tf.keras.layers.Layer):
    """Source ids → :class:`Encoded`.

    Bidirectional layers give half of the units to each direction, so that states and outputs have the same size
    either way.
    """

    def __init__(self, parameters: ModelParameters, vocabulary_size: int, precision: str):
        super().__init__(name="encoder")
        backwards = (False, True) if parameters.encoder == "bidirectional" else (False,)
        self.embedding = embedding(vocabulary_size, parameters.embedding_size)
        self._layers_of_directions = [
            [
                _Direction(
                    parameters.units // len(backwards),
                    PRODUCT_DTYPES[precision],
                    backward,
                    name=f"layer_{layer}_{'backward' if backward else 'forward'}",
                )
                for backward in backwards
            ]
            for layer in range(parameters.layers)
        ]

    def call(self, source: tf.Tensor, dropout: Callable[[tf.Tensor], tf.Tensor]) -> Encoded:
        """Encodes ids, int32 [batch, time]; what stands behind the first padding is ignored."""
        lengths = source_lengths(source)
        outputs = self.embedding(without_remainder(source, lengths))
        state = []
        for directions in self._layers_of_directions:
            outputs = dropout(outputs)
            read = [direction(outputs, lengths) for direction in directions]
            outputs = tf.concat([output for output, _ in read], -1)
            state.append([tf.concat(parts, -1) for parts in zip(*(final for _, final in read), strict=True)])
        return Encoded(outputs, lengths, state)
