"""How good a set of translations is: as a whole, by the length of the source, and sentence by sentence."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from components.evaluation.metrics import Score, bleu, chrf, sentence_chrf

# Upper ends of the classes of sentences; the last class has none.
LENGTH_CLASSES = (5, 10, 15, 20, 30, 40)  # Words of the source.
RARE_WORD_CLASSES = (0, 1, 2, 3)  # Rare words of the source.


@dataclass(frozen=True)
class Example:
    """One sentence of the test set; ``chrf`` is that of this sentence alone."""

    source: str
    reference: str
    translation: str
    chrf: float


@dataclass(frozen=True)
class ClassScore:
    """BLEU and chrF of the sentences with a count from ``low`` to ``high``; ``high`` None: and above."""

    low: int
    high: int | None
    sentences: int
    bleu: float
    chrf: float

    @property
    def label(self) -> str:
        if self.high is None:
            return f"{self.low}+"
        return f"{self.low}–{self.high}" if self.high > self.low else str(self.low)


@dataclass(frozen=True)
class Scores:
    """Everything that is known about the translations of a test set; ``examples`` are its sentences in their order."""

    bleu: Score
    chrf: Score
    by_length: tuple[ClassScore, ...]
    by_rare_words: tuple[ClassScore, ...]
    examples: tuple[Example, ...]


def score_translations(
    sources: Sequence[str], references: Sequence[str], translations: Sequence[str], rare_words: Sequence[int] = ()
) -> Scores:
    """The scores of n translations; all shapes [n], n at least 1.

    Args:
        sources: as they were translated.
        references: what they should have become.
        translations: what they did become.
        rare_words: how many rare words each source has; empty if nobody counted.

    Raises:
        ValueError: if there is nothing to score, or the lengths differ.
    """
    whole = bleu(translations, references), chrf(translations, references)
    examples = tuple(
        Example(source, reference, translation, sentence_chrf(translation, reference))
        for source, reference, translation in zip(sources, references, translations, strict=True)
    )
    lengths = [len(source.split()) for source in sources]
    by_rare_words = by_class(examples, rare_words, RARE_WORD_CLASSES) if rare_words else ()
    return Scores(*whole, by_class(examples, lengths, LENGTH_CLASSES), by_rare_words, examples)


def by_class(examples: Sequence[Example], counts: Sequence[int], ends: Sequence[int]) -> tuple[ClassScore, ...]:
    """The scores of each class that has sentences.

    Args:
        examples: shape [n].
        counts: shape [n], what the classes are about.
        ends: the largest count of each class but the last.
    """
    scores = []
    for low, high in zip((-1, *ends), (*ends, math.inf), strict=True):
        inside = [example for example, count in zip(examples, counts, strict=True) if low < count <= high]
        if inside:
            translations, references = [e.translation for e in inside], [e.reference for e in inside]
            values = (metric(translations, references, samples=0).value for metric in (bleu, chrf))
            scores.append(ClassScore(low + 1, None if high == math.inf else int(high), len(inside), *values))
    return tuple(scores)
