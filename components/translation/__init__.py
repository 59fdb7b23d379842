"""Batch translation: files in, files out, around ``components.serving``."""
