"""The prepared dataset on disk: manifest, buckets, Example schema, held-out pairs. Neither Beam nor TensorFlow."""
