"""Scores of translations: BLEU, chrF, and the report of them."""
