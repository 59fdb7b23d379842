"""Text to ids and back: tokenizer, vocabulary, codec. Imports neither Beam nor TensorFlow."""
