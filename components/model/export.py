"""The trained model as a SavedModel that plain TensorFlow loads: ids in, ids out, any batch, length and beam width."""

from pathlib import Path

import tensorflow as tf

from components.model.search import beam_search
from components.model.seq2seq import Seq2Seq


class Translator(tf.Module):
    """What is exported: the model's variables and one traced function."""

    def __init__(self, model: Seq2Seq):
        super().__init__()
        self._weights = model.variables
        self._model = _Untracked(model)

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None], tf.int32, "source"),
            tf.TensorSpec([], tf.int32, "beam_width"),
            tf.TensorSpec([], tf.float32, "length_penalty"),
        ]
    )
    def translate(self, source: tf.Tensor, beam_width: tf.Tensor, length_penalty: tf.Tensor) -> dict[str, tf.Tensor]:
        """Hypotheses for source ids; see :func:`components.model.search.beam_search`."""
        return beam_search(self._model.value, source, beam_width, length_penalty)._asdict()


class _Untracked:
    """Keeps the Keras model out of the SavedModel: AttentionWrapper cannot be saved, its variables can."""

    def __init__(self, value: Seq2Seq):
        self.value = value


def export_model(model: Seq2Seq, folder: Path) -> None:
    """Writes the SavedModel; its ``translate(source, beam_width, length_penalty)`` gives ids, scores and alignment."""
    translator = Translator(model)
    tf.saved_model.save(translator, str(folder), signatures={"translate": translator.translate})
