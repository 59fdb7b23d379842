"""The words of a corpus parameter, told apart before any of them is looked at."""

import re
import shlex

_SAMPLE = re.compile(r"sample([:#].*)?")
_TFDS = re.compile(r"tfds:.*")


def split_words(corpus: str) -> list[str]:
    """The words, separated by blanks unless quoted.

    Raises:
        ValueError: if a quotation has no end.
    """
    return shlex.split(corpus)


def is_sample(word: str) -> bool:
    """Whether it names the embedded corpus, which is no file."""
    return bool(_SAMPLE.fullmatch(word))


def is_tfds(word: str) -> bool:
    """Whether it names a set of TensorFlow Datasets, whose files are where those keep them."""
    return bool(_TFDS.fullmatch(word))
