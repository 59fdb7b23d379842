"""The whole model: encoder, decoder and projection, and its losses in training and validation."""

from typing import NamedTuple

import tensorflow as tf

from components.model.decoder import Decoder
from components.model.encoder import Encoder
from components.model.layers import Dropout, no_dropout, target_lengths, without_remainder
from components.model.losses import full_softmax, log_uniform_candidates, log_uniform_probabilities, sampled_softmax
from components.model.parameters import ModelParameters


class Loss(NamedTuple):
    """``total`` cross entropy in nats over ``tokens`` predicted ids; both float32 scalars."""

    total: tf.Tensor
    tokens: tf.Tensor


class Seq2Seq(tf.keras.Model):
    """An LSTM encoder–decoder (Sutskever et al. 2014) with an embedding for each language.

    Args:
        parameters: its shape and its training loss.
        source_size: ids in the source vocabulary.
        target_size: ids in the target vocabulary.
        precision: number format of the products in encoder and decoder; softmax and loss stay float32.
    """

    def __init__(self, parameters: ModelParameters, source_size: int, target_size: int, precision: str = "float32"):
        super().__init__(name="seq2seq")
        self.parameters = parameters
        self.sizes = (source_size, target_size)
        self.encoder = Encoder(parameters, source_size, precision)
        self.decoder = Decoder(parameters, target_size, precision)
        self._biases = self.add_weight("projection_bias", (target_size,), initializer=_zipf)
        self._weights = None
        if not parameters.tie_embeddings:
            self._weights = self.add_weight(
                "projection", (target_size, self.decoder.output_size), initializer="glorot_uniform"
            )
        self.num_sampled = effective_num_sampled(parameters.num_sampled, target_size)
        # The first call creates the variables, and all of them must exist before a checkpoint is restored.
        self.validation_loss(tf.constant([[4, 0]]), tf.constant([[2, 4, 3]]))

    @property
    def projection(self) -> tuple[tf.Variable, tf.Variable]:
        """Weights [target vocabulary, decoder.output_size] and biases [target vocabulary]."""
        return (self.decoder.embedding.embeddings if self._weights is None else self._weights), self._biases

    def training_loss(self, source: tf.Tensor, target: tf.Tensor, seed: int, step: tf.Tensor) -> Loss:
        """Loss by sampled softmax (by full softmax if ``num_sampled`` is 0), with dropout.

        Args:
            source: int32 ids [batch, source time], padded with 0.
            target: int32 ids [batch, target time], SOS … EOS, padded with 0.
            seed: of the run.
            step: int64 scalar; with the seed it decides dropout and candidates.
        """
        dropout = Dropout(self.parameters.dropout, self.parameters.word_dropout, seed, step)
        hidden, labels = self._predictions(source, target, dropout, training=True)
        if self.num_sampled:
            candidates = log_uniform_candidates(self.num_sampled, self.sizes[1], seed, step)
            losses = sampled_softmax(*self.projection, hidden, labels, candidates)
        else:
            losses = full_softmax(*self.projection, hidden, labels, self.parameters.label_smoothing)
        return Loss(tf.reduce_sum(losses), tf.cast(tf.size(labels), tf.float32))

    def validation_loss(self, source: tf.Tensor, target: tf.Tensor) -> Loss:
        """Loss by full softmax, without dropout or smoothing; arguments as :meth:`training_loss`."""
        hidden, labels = self._predictions(source, target, no_dropout, training=False)
        losses = full_softmax(*self.projection, hidden, labels)
        return Loss(tf.reduce_sum(losses), tf.cast(tf.size(labels), tf.float32))

    def _predictions(
        self, source: tf.Tensor, target: tf.Tensor, dropout: Dropout, training: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Hidden states [n, size] and the ids [n] they are to predict: real positions only, no padding."""
        lengths = target_lengths(target)
        target = without_remainder(target, lengths)
        # Teacher forcing: the decoder reads SOS … and predicts … EOS, one position on.
        steps = lengths - 1
        encoded = self.encoder(source, dropout, training=training)
        hidden = self.decoder(target[:, :-1], encoded, steps, dropout, training=training)
        real = tf.sequence_mask(steps, tf.shape(hidden)[1])
        labels = target[:, 1:][:, : tf.shape(hidden)[1]]
        return tf.boolean_mask(hidden, real), tf.boolean_mask(labels, real)


def _zipf(shape: tuple[int], dtype: tf.DType | None = None) -> tf.Tensor:
    """Biases that start the model at the log-uniform distribution of the candidates, not at the uniform one.

    Ids are ordered by frequency, so this is close to how often each occurs. Sampled softmax seldom touches a rare
    word's row, and would take long to learn it.
    """
    probabilities = log_uniform_probabilities(tf.range(shape[0], dtype=tf.int64), shape[0])
    return tf.cast(tf.math.log(probabilities), dtype)


def effective_num_sampled(num_sampled: int, vocabulary_size: int) -> int:
    """0, the full softmax, where ``num_sampled`` is half of the vocabulary or more: there sampling saves nothing."""
    return 0 if 2 * num_sampled >= vocabulary_size else num_sampled
