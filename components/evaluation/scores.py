"""How good a set of translations is: as a whole, by the length of the source, and sentence by sentence."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from components.evaluation.metrics import Score, bleu, chrf, sentence_chrf

# Upper ends of the length classes, in words of the source; the last class has none.
LENGTH_CLASSES = (5, 10, 15, 20, 30, 40)


@dataclass(frozen=True)
class Example:
    """One sentence of the test set; ``chrf`` is that of this sentence alone."""

    source: str
    reference: str
    translation: str
    chrf: float


@dataclass(frozen=True)
class LengthScore:
    """BLEU and chrF of the sentences whose source has ``low`` to ``high`` words; ``high`` None: and longer ones."""

    low: int
    high: int | None
    sentences: int
    bleu: float
    chrf: float

    @property
    def label(self) -> str:
        return f"{self.low}–{self.high}" if self.high else f"{self.low} and more"


@dataclass(frozen=True)
class Scores:
    """Everything that is known about the translations of a test set, in the order of its sentences."""

    bleu: Score
    chrf: Score
    by_length: tuple[LengthScore, ...]
    examples: tuple[Example, ...]


def score_translations(sources: Sequence[str], references: Sequence[str], translations: Sequence[str]) -> Scores:
    """The scores of n translations; all shapes [n], n at least 1.

    Raises:
        ValueError: if there is nothing to score, or the lengths differ.
    """
    whole = bleu(translations, references), chrf(translations, references)
    examples = tuple(
        Example(source, reference, translation, sentence_chrf(translation, reference))
        for source, reference, translation in zip(sources, references, translations, strict=True)
    )
    return Scores(*whole, by_length(examples), examples)


def by_length(examples: Sequence[Example]) -> tuple[LengthScore, ...]:
    """The scores of each length class that has sentences; a word is what stands between blanks."""
    lengths = [len(example.source.split()) for example in examples]
    scores = []
    for low, high in zip((-1, *LENGTH_CLASSES), (*LENGTH_CLASSES, math.inf), strict=True):
        inside = [example for example, length in zip(examples, lengths, strict=True) if low < length <= high]
        if inside:
            translations, references = [e.translation for e in inside], [e.reference for e in inside]
            values = (metric(translations, references, samples=0).value for metric in (bleu, chrf))
            scores.append(LengthScore(low + 1, None if high == math.inf else int(high), len(inside), *values))
    return tuple(scores)
