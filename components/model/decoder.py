"""The decoder: LSTM layers, with tensorflow-addons' attention or without.

The attended vector is not fed back into the next step ("input feeding"). So teacher forcing, which knows all inputs
beforehand, runs each layer over the whole sequence and attends for all steps at once: few large products are faster
than many small ones (``python -m benchmarks.step`` compares them with the machine's peak). A search goes step by step
through tensorflow-addons' ``AttentionWrapper``. Both are the same function: a test compares the first with
``BasicDecoder`` and ``TrainingSampler`` over the second.
"""

from typing import Any

import tensorflow as tf
import tensorflow_addons as tfa

from components.model.attention import MECHANISMS, contexts
from components.model.encoder import Encoded
from components.model.layers import LSTM, PRODUCT_DTYPES, Dropout, Linear, StackedCell, embedding
from components.model.parameters import ModelParameters


class Decoder(tf.keras.layers.Layer):
    """Target ids and :class:`Encoded` → hidden states, from which the projection predicts the next id."""

    def __init__(self, parameters: ModelParameters, vocabulary_size: int, precision: str):
        super().__init__(name="decoder")
        dtype = PRODUCT_DTYPES[precision]
        size = parameters.embedding_size
        # As a tied projection, vectors of the usual size would start with logits as large.
        self.embedding = embedding(vocabulary_size, size, *([size**-0.5] if parameters.tie_embeddings else []))
        self._lstms = [LSTM(parameters.units, dtype, name=f"layer_{layer}") for layer in range(parameters.layers)]
        self._cell: tf.keras.layers.Layer = StackedCell(self._lstms, name="cell")
        mechanism = MECHANISMS[parameters.attention]
        self._mechanism = mechanism(parameters.units, dtype) if mechanism else None
        if self._mechanism:
            self._attention_layer = Linear(parameters.units, dtype, activation="tanh", name="attended")
            self._cell = tfa.seq2seq.AttentionWrapper(
                self._cell, self._mechanism, attention_layer=self._attention_layer, cell_input_fn=_without_input_feeding
            )
        # A tied projection has the size of the embeddings, not that of the states.
        self._to_embedding = (
            Linear(parameters.embedding_size, dtype, name="to_embedding") if parameters.tie_embeddings else None
        )
        self.output_size = parameters.embedding_size if parameters.tie_embeddings else parameters.units

    def call(
        self,
        inputs: tf.Tensor,
        encoded: Encoded,
        lengths: tf.Tensor,
        dropout: Dropout,
        training: bool = False,
    ) -> tf.Tensor:
        """Teacher forcing: the hidden state after each given id.

        Args:
            inputs: int32 ids [batch, time], the target without its last id.
            encoded: the encoded source.
            lengths: int32 [batch], how many of the ids count.
            dropout: applied to the input of each layer and to the hidden states.
            training: see :meth:`LSTM.call`.

        Returns:
            float32 [batch, time, output_size]; meaningless behind a sequence's length.
        """
        hidden = dropout.words(self.embedding(tf.transpose(inputs)))
        for lstm, (h, c) in zip(self._lstms, encoded.state, strict=True):
            hidden, _, _ = lstm(dropout(hidden), h, c, lengths, training=training)
        hidden = tf.transpose(hidden, [1, 0, 2])
        if self._mechanism:
            # No state depends on what was attended to, so all steps attend at once.
            self._mechanism.setup_memory(encoded.outputs, memory_sequence_length=encoded.lengths)
            hidden = self._attention_layer(tf.concat([hidden, contexts(self._mechanism, hidden, encoded.lengths)], -1))
        return self._output(dropout(hidden))

    def start(self, encoded: Encoded) -> Any:
        """The state before the first step; with attention it holds the memory."""
        if not self._mechanism:
            return encoded.state
        self._mechanism.setup_memory(encoded.outputs, memory_sequence_length=encoded.lengths)
        state = self._cell.get_initial_state(batch_size=tf.shape(encoded.lengths)[0], dtype=tf.float32)
        return state.clone(cell_state=encoded.state)

    def step(self, ids: tf.Tensor, state: Any) -> tuple[tf.Tensor, Any]:
        """One step of a search: ids [batch] and the state → hidden states [batch, output_size] and the next state."""
        outputs, state = self._cell(self.embedding(ids), state)
        return self._output(outputs), state

    def attended(self, state: Any) -> tf.Tensor:
        """The source position most attended to by the step before ``state``, int32 [batch]; -1 without attention."""
        if not self._mechanism:
            return tf.fill(tf.shape(state[0][0])[:1], -1)
        return tf.argmax(state.alignments, axis=-1, output_type=tf.int32)

    def attention(self, ids: tf.Tensor, encoded: Encoded) -> tf.Tensor:
        """How much each step of a given output attends to each source position.

        Args:
            ids: int32 [batch, time], SOS and all of the output but its last id.
            encoded: the encoded source.

        Returns:
            float32 [batch, time, source time], each row a distribution; zeros without attention.
        """
        steps = tf.shape(ids)[1]
        if not self._mechanism:
            return tf.zeros([tf.shape(ids)[0], steps, tf.shape(encoded.outputs)[1]])
        state, weights = self.start(encoded), tf.TensorArray(tf.float32, steps)

        def look(step: tf.Tensor, state: Any, weights: tf.TensorArray) -> tuple[tf.Tensor, Any, tf.TensorArray]:
            _, state = self.step(ids[:, step], state)
            return step + 1, state, weights.write(step, state.alignments)

        _, _, weights = tf.while_loop(lambda step, *_: step < steps, look, (tf.constant(0), state, weights))
        return tf.transpose(weights.stack(), [1, 0, 2])

    def _output(self, hidden: tf.Tensor) -> tf.Tensor:
        return self._to_embedding(hidden) if self._to_embedding else hidden


def _without_input_feeding(inputs: tf.Tensor, attention: tf.Tensor) -> tf.Tensor:
    return inputs
