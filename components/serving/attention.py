"""How much each word of an output looked at each word of its sentence: for people who look at a model."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from components.serving.translation import Alignment
from components.text.codec import TextCodec
from components.text.vocabulary import EOS

# Of a sentence and its translation: float32 [target tokens, source tokens], both in reading order.
Attention = Callable[[Alignment], np.ndarray]


def attention_of(exported: Any, codec: TextCodec) -> Attention | None:
    """The ``attention`` function of a SavedModel that is loaded; None if it was exported without one."""
    import tensorflow as tf

    if not hasattr(exported, "attention"):
        return None

    def attend(alignment: Alignment) -> np.ndarray:
        source = codec.source_ids(pa.array([alignment.source_tokens])).flatten().to_numpy()
        weights = exported.attention(
            source=tf.constant([source], tf.int32), target=tf.constant([[*alignment.target_ids, EOS]], tf.int32)
        ).numpy()[0, :-1]
        return weights[:, ::-1] if codec.settings.reverse_source else weights

    return attend
