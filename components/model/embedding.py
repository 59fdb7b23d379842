"""Token embeddings."""

import tensorflow as tf

# Keras's own start, uniform within ±0.05, hides the words from the gates at the beginning.
STDDEV = 0.5


def embedding(vocabulary_size: int, size: int, stddev: float = STDDEV) -> tf.keras.layers.Embedding:
    """Ids [...] → float32 [..., size]; its gradient is sparse."""
    initializer = tf.keras.initializers.RandomNormal(stddev=stddev)
    return tf.keras.layers.Embedding(vocabulary_size, size, embeddings_initializer=initializer, name="embedding")
