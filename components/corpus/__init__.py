"""Beam transforms from a parallel corpus to a prepared dataset. Never imports TensorFlow."""
