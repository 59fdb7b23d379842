"""Codecs for tests, learnt from a few sentence pairs."""

from collections import Counter
from collections.abc import Sequence

import pyarrow as pa

from components.text.codec import CodecSettings, TextCodec, Tokenizers
from components.text.inventory import Inventory
from components.text.tokenizer import learning
from components.text.vocabulary import Vocabulary


def learned_codec(
    pairs: Sequence[tuple[str, str]], settings: CodecSettings | None = None, size: int = 600
) -> TextCodec:
    """What preparing a corpus of these pairs makes: all tokens that there can be, the most frequent ones first."""
    settings = settings or CodecSettings()
    source, target = (pa.array(side, pa.string()) for side in zip(*pairs, strict=True))
    learnt = tuple(
        learning(settings.tokenizer).learn(language, side, size, simplified=simplified)
        for language, side, simplified in zip(settings.languages, (source, target), (True, False), strict=True)
    )
    vocabularies = []
    for tokens, side in zip(Tokenizers(settings, learnt).pairs(source, target), learnt, strict=True):
        counts = Counter(dict.fromkeys(Inventory.load(side).tokens(), 0))
        counts.update(tokens.flatten().to_pylist())
        vocabularies.append(Vocabulary.from_counts(counts, size=1 << 20, min_count=0))
    return TextCodec(settings, *vocabularies, learnt)
