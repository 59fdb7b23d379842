"""Many texts through one translator, some hundred at a time, with progress."""

from collections.abc import Iterable, Iterator
from itertools import islice

from tqdm import tqdm

from components.serving.options import TranslationOptions
from components.serving.translation import Translation
from components.serving.translator import Translator

# Enough for batches of similar length, few enough for a bar that moves.
TEXTS_AT_ONCE = 1024


def translate_stream(
    translator: Translator, texts: Iterable[str], options: TranslationOptions, total: int
) -> Iterator[Translation]:
    """The translations of the texts, in order, while a bar on standard error shows how many there are and how fast.

    Raises:
        InputError: see :meth:`Translator.translate`.
    """
    remaining = iter(texts)
    with tqdm(total=total, unit=" sentences", desc="translate", dynamic_ncols=True) as progress:
        while chunk := list(islice(remaining, TEXTS_AT_ONCE)):
            yield from translator.translate(chunk, options)
            progress.update(len(chunk))
