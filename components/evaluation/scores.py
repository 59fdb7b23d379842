"""BLEU and chrF by sacreBLEU, on detokenized and cased text: of a test set, by class, and of two systems compared."""

import json
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass

# Resamples of the test set. With as many, the smallest p value that can come out is 1 / 1001.
BOOTSTRAP_SAMPLES = 1000
# Upper ends of the classes of sentences; the last class has none.
LENGTH_CLASSES = (5, 10, 15, 20, 30, 40)  # Words of the source.
_SEED = 12345
RARE_WORD_CLASSES = (0, 1, 2, 3)  # Rare words of the source.


@dataclass(frozen=True)
class Score:
    """A score of a test set, from 0 to 100.

    With 95 % confidence (Koehn 2004, bootstrap resampling) it is within ``interval`` of ``mean``, the resamples' mean.
    ``signature`` is sacreBLEU's and says how the score was computed: publish it with the score.
    """

    name: str
    value: float
    mean: float
    interval: float
    signature: str


@dataclass(frozen=True)
class Example:
    """One sentence of the test set; ``chrf`` is that of this sentence alone.

    ``confidence`` is the model's own, from 0 to 1; None if it has none.
    """

    source: str
    reference: str
    translation: str
    chrf: float
    confidence: float | None = None


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
    """All scores of the translations of a test set; ``examples`` are its sentences in their order."""

    bleu: Score
    chrf: Score
    by_length: tuple[ClassScore, ...]
    by_rare_words: tuple[ClassScore, ...]
    examples: tuple[Example, ...]

    @property
    def translations(self) -> list[str]:
        """Of all its sentences."""
        return [example.translation for example in self.examples]


@dataclass(frozen=True)
class Comparison:
    """BLEU of both, from 0 to 100, and how probable so large a difference would be if they were equally good.

    With 95 % confidence the system's minus the baseline's is between ``low`` and ``high``.
    """

    baseline: float
    system: float
    p_value: float
    low: float
    high: float

    def wins(self, threshold: float) -> bool:
        """Whether the system is better than the baseline, with a p value below ``threshold``."""
        return self.system > self.baseline and self.p_value < threshold


def bleu(translations: Sequence[str], references: Sequence[str], samples: int = BOOTSTRAP_SAMPLES) -> Score:
    """BLEU (Papineni et al. 2002) of n translations against one reference each; 13a tokenization, cased.

    Args:
        translations: shape [n], n at least 1.
        references: shape [n].
        samples: for the confidence interval; 0: none is computed.

    Raises:
        ValueError: if there is nothing to score, or the lengths differ.
    """
    from sacrebleu.metrics import BLEU

    return _score(BLEU(), translations, references, samples)


def chrf(translations: Sequence[str], references: Sequence[str], samples: int = BOOTSTRAP_SAMPLES) -> Score:
    """chrF2 (Popović 2015), like :func:`bleu`."""
    from sacrebleu.metrics import CHRF

    return _score(CHRF(), translations, references, samples)


def _score(metric, translations: Sequence[str], references: Sequence[str], samples: int) -> Score:  # type: ignore[no-untyped-def]
    if not translations or len(translations) != len(references):
        raise ValueError(f"{len(translations)} translations of {len(references)} references cannot be scored")
    # One sentence resampled is always the same sentence.
    samples = samples if len(translations) > 1 else 0
    score = metric.corpus_score(translations, [references], n_bootstrap=max(samples, 1))
    signature = str(metric.get_signature())
    # The numbers of the interval are only in what sacreBLEU prints.
    printed = json.loads(score.format(width=6, signature=signature, is_json=True))
    mean, interval = printed.get("confidence_mean", score.score), printed.get("confidence_var", 0.0)
    return Score(score.name, score.score, float(mean), float(interval), signature)


def score_translations(
    sources: Sequence[str],
    references: Sequence[str],
    translations: Sequence[str],
    rare_words: Sequence[int] = (),
    confidences: Sequence[float] = (),
) -> Scores:
    """The scores of n translations; all shapes [n], n at least 1.

    Args:
        sources: as they were translated.
        references: their reference translations.
        translations: the model's.
        rare_words: the number of rare words of each source; empty if they were not counted.
        confidences: in each translation; empty if the model has none.

    Raises:
        ValueError: if there is nothing to score, or the lengths differ.
    """
    from sacrebleu.metrics import CHRF

    whole = bleu(translations, references), chrf(translations, references)
    sentence = CHRF()  # Of one sentence: unlike BLEU, it means something there.
    certain: Sequence[float | None] = confidences or [None] * len(sources)
    examples = tuple(
        Example(source, reference, translation, sentence.sentence_score(translation, [reference]).score, confidence)
        for source, reference, translation, confidence in zip(sources, references, translations, certain, strict=True)
    )
    lengths = [len(source.split()) for source in sources]
    by_rare_words = _by_class(examples, rare_words, RARE_WORD_CLASSES) if rare_words else ()
    return Scores(*whole, _by_class(examples, lengths, LENGTH_CLASSES), by_rare_words, examples)


def _by_class(examples: Sequence[Example], counts: Sequence[int], ends: Sequence[int]) -> tuple[ClassScore, ...]:
    """The scores of each class that has sentences; ``counts``, shape [n], is what the classes are about."""
    scores = []
    for low, high in zip((-1, *ends), (*ends, math.inf), strict=True):
        inside = [example for example, count in zip(examples, counts, strict=True) if low < count <= high]
        if inside:
            translations, references = [e.translation for e in inside], [e.reference for e in inside]
            values = (metric(translations, references, samples=0).value for metric in (bleu, chrf))
            scores.append(ClassScore(low + 1, None if high == math.inf else int(high), len(inside), *values))
    return tuple(scores)


def compare(references: Sequence[str], baseline: Sequence[str], system: Sequence[str]) -> Comparison:
    """Compares by sacreBLEU's paired bootstrap resampling of the test set's sentences (Koehn 2004).

    Both sides are plain texts, so models with different tokenizers can be compared. The draws have a fixed seed
    (sacreBLEU's, or the variable ``SACREBLEU_SEED``): the same texts always compare the same.

    Args:
        references: shape [n], n at least 1.
        baseline: the translations to beat, shape [n].
        system: the other translations, shape [n].

    Raises:
        ValueError: if there is nothing to compare, or the lengths differ.
    """
    if not references or not len(references) == len(baseline) == len(system):
        raise ValueError(f"{len(baseline)} and {len(system)} translations of {len(references)} cannot be compared")
    from sacrebleu.metrics import BLEU
    from sacrebleu.significance import PairedTest, Result

    logging.getLogger("sacrebleu").setLevel(logging.ERROR)  # It logs each of its steps.
    systems: list[tuple[str, Sequence[str]]] = [("baseline", list(baseline)), ("system", list(system))]
    metrics = {"BLEU": BLEU(references=[list(references)])}
    test = PairedTest(systems, metrics, references=None, test_type="bs", n_samples=BOOTSTRAP_SAMPLES)
    first, second = test()[1]["BLEU"]
    assert isinstance(first, Result)
    assert isinstance(second, Result)
    assert second.p_value is not None
    # Where there is no difference, sacreBLEU counts no resample as large as it, and calls that improbable.
    p_value = second.p_value if second.score != first.score else 1.0
    return Comparison(first.score, second.score, p_value, *_difference(references, baseline, system))


def _difference(references: Sequence[str], *sides: Sequence[str]) -> tuple[float, float]:
    """What the second side's BLEU minus the first's lies between in 95 % of the resamples; sacreBLEU does not say."""
    import numpy as np
    from sacrebleu.metrics import BLEU

    # What BLEU counts in a sentence; that of a text is made of the sums.
    one, sentences = BLEU(effective_order=True), len(references)
    counts = [
        [
            [*found.counts, *found.totals, found.sys_len, found.ref_len]
            for found in (
                one.sentence_score(text, [reference]) for text, reference in zip(side, references, strict=True)
            )
        ]
        for side in sides
    ]
    drawn = np.random.default_rng(_SEED).multinomial(sentences, [1 / sentences] * sentences, BOOTSTRAP_SAMPLES)
    first, second = (
        [BLEU.compute_bleu(row[:4], row[4:8], row[8], row[9], "exp").score for row in (drawn @ side).tolist()]
        for side in map(np.array, counts)
    )
    low, high = np.quantile(np.subtract(second, first), (0.025, 0.975))
    return float(low), float(high)
