"""Many texts through one translator, some hundred at a time, with progress."""

from collections.abc import Iterable, Iterator
from itertools import islice

from components.bar import bar
from components.serving.options import TranslationOptions
from components.serving.translation import Translation
from components.serving.translator import Translator

# Enough for batches of similar length, few enough for a bar that moves.
TEXTS_AT_ONCE = 1024


def translate_stream(
    translator: Translator, texts: Iterable[str], options: TranslationOptions, total: int
) -> Iterator[Translation]:
    """The translations of the texts, in order; standard error shows how many are done and how fast.

    Raises:
        InputError: see :meth:`Translator.translate`.
    """
    remaining = iter(texts)
    with bar("translate", total, "sentences") as update:
        while chunk := list(islice(remaining, TEXTS_AT_ONCE)):
            yield from translator.translate(chunk, options)
            update(len(chunk))
