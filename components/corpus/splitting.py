"""Splitting: which sentences count as the same one, and which split a sentence goes to."""

import hashlib
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.corpus.blocks import replace_where
from components.dataset.manifest import SPLITS
from components.text.normalization import compose

TRAIN, VALIDATION, TEST = range(len(SPLITS))


@dataclass(frozen=True)
class Shares:
    """Which share of the source sentences goes to validation, and which to the test."""

    validation: float
    test: float

    def split(self, keys: np.ndarray) -> np.ndarray:
        """Hashes of source sentences (uint64), shape [n] → splits (int8), shape [n].

        A hash decides alone, so a growing corpus keeps its old test sentences. The test takes the lowest hashes:
        another share for validation leaves it as it is.
        """
        position = keys.astype(np.float64) / 2.0**64
        validation = position < self.test + self.validation
        return np.where(position < self.test, TEST, np.where(validation, VALIDATION, TRAIN)).astype(np.int8)


def sentence_keys(sentences: pa.StringArray, non_normalized: np.ndarray) -> np.ndarray:
    """The first 64 bits of each sentence's sha256, in small letters and with plain spaces; uint64, shape [n].

    Sentences that differ in no more than that are the same sentence to those who score a translation of them, so they
    must not stand in two splits.

    Args:
        sentences: shape [n].
        non_normalized: those that may not be in normal form, at least all that :func:`rules.non_normalized` finds;
            bool, shape [n].
    """
    sentences = pc.utf8_lower(replace_where(sentences, non_normalized, compose))
    spaced = pc.match_substring_regex(sentences, r"[\x{a0}\x{202f}]").to_numpy(zero_copy_only=False)
    return hash_sentences(replace_where(sentences, spaced, _with_plain_spaces))


def hash_sentences(sentences: pa.StringArray) -> np.ndarray:
    """The first 64 bits of each sentence's sha256; uint64, shape [n]."""
    # By numpy, whose bytes take a fraction of the time of Arrow's.
    texts = sentences.cast(pa.binary()).to_numpy(zero_copy_only=False).tolist()
    digests = b"".join([hashlib.sha256(text).digest() for text in texts])
    return np.frombuffer(digests, ">u8")[::4].astype(np.uint64)


def _with_plain_spaces(sentences: pa.StringArray) -> pa.StringArray:
    return pc.utf8_trim(pc.replace_substring_regex(sentences, r"[ \x{a0}\x{202f}]+", " "), characters=" ")
