"""The trained model as a SavedModel that plain TensorFlow loads: ids in, ids out, any batch, length and beam width.

Besides the search it holds functions for what a given output attended to, and for how probable it is; and all that
``components.model.exported`` needs to go on training from it.
"""

from pathlib import Path
from types import SimpleNamespace

import tensorflow as tf

from components.model.exported import named_weights, save_parameters
from components.model.layers import no_dropout
from components.model.scoring import force
from components.model.search import Projection, beam_search, search_projection
from components.model.seq2seq import Seq2Seq
from components.text.vocabulary import SOS


class Translator(tf.Module):
    """What is exported: a copy of the model's variables and the traced functions.

    The copy multiplies in float32, whatever the model was trained in, so that a CPU without bfloat16 gives the same
    translations. For the few rows of a search that is not slower (``python -m benchmarks.search``).
    """

    def __init__(self, model: Seq2Seq):
        super().__init__()
        searched = Seq2Seq(model.parameters, *model.sizes)
        for copy, variable in zip(searched.variables, model.variables, strict=True):
            copy.assign(variable)
        # Keeps the Keras model out of the SavedModel: AttentionWrapper cannot be saved, its variables can.
        self._untracked = SimpleNamespace(model=searched)
        # Read by name when the model is opened again: see `exported.WEIGHTS` and `exported.PROJECTION`.
        self._projection = [tf.Variable(part, trainable=False) for part in search_projection(searched)]
        weights = named_weights(searched)
        if not model.parameters.tie_embeddings:
            del weights["projection"]  # The search's own layout of it holds the same numbers.
        self._weights = weights

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None], tf.int32, "source"),
            tf.TensorSpec([], tf.int32, "beam_width"),
            tf.TensorSpec([], tf.float32, "length_penalty"),
            tf.TensorSpec([], tf.float32, "coverage_penalty"),
        ]
    )
    def translate(
        self, source: tf.Tensor, beam_width: tf.Tensor, length_penalty: tf.Tensor, coverage_penalty: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """Hypotheses for source ids; see :func:`components.model.search.beam_search`."""
        projection = Projection(*map(tf.convert_to_tensor, self._projection))
        model = self._untracked.model
        return beam_search(model, source, beam_width, length_penalty, coverage_penalty, projection)._asdict()

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None], tf.int32, "source"),
            tf.TensorSpec([None, None], tf.int32, "target"),
        ]
    )
    def attention(self, source: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
        """How much each id of an output attended to each source position.

        Args:
            source: int32 ids [batch, source time], padded with 0.
            target: int32 ids [batch, time], as the search gives them: without SOS.

        Returns:
            float32 [batch, time, source time (of the longest)]; meaningless for padding; zeros without attention.
        """
        model = self._untracked.model
        read = tf.pad(target[:, :-1], [[0, 0], [1, 0]], constant_values=SOS)
        return model.decoder.attention(read, model.encoder(source, no_dropout))

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None], tf.int32, "source"),
            tf.TensorSpec([None, None], tf.int32, "target"),
        ]
    )
    def score(self, source: tf.Tensor, target: tf.Tensor) -> dict[str, tf.Tensor]:
        """How probable given outputs are; see :func:`components.model.scoring.force`."""
        projection = Projection(*map(tf.convert_to_tensor, self._projection))
        return force(self._untracked.model, source, target, projection)._asdict()


def export_model(model: Seq2Seq, folder: Path) -> None:
    """Writes the SavedModel; see :class:`Translator` for its functions ``translate``, ``attention`` and ``score``.

    ``ExportedModel.open`` opens it again.
    """
    translator = Translator(model)
    tf.saved_model.save(
        translator,
        str(folder),
        signatures={
            "translate": translator.translate,
            "attention": translator.attention,
            "score": translator.score,
        },
        # Translating needs no gradients.
        options=tf.saved_model.SaveOptions(experimental_custom_gradients=False),
    )
    save_parameters(model.parameters, folder)
