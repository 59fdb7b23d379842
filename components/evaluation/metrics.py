"""BLEU and chrF by sacreBLEU, on detokenized and cased text."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

# Resamples of the test set from which the confidence interval comes.
BOOTSTRAP_SAMPLES = 1000


@dataclass(frozen=True)
class Score:
    """A score of a test set, from 0 to 100.

    With 95 % confidence (Koehn 2004, bootstrap resampling) it is within ``interval`` of ``mean``, the resamples' mean.
    ``signature`` is sacreBLEU's: whoever names it with a score says how it was computed.
    """

    name: str
    value: float
    mean: float
    interval: float
    signature: str


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


def sentence_chrf(translation: str, reference: str) -> float:
    """chrF2 of one sentence, 0 to 100; unlike BLEU it means something for one."""
    from sacrebleu.metrics import CHRF

    return CHRF().sentence_score(translation, [reference]).score


def _score(metric, translations: Sequence[str], references: Sequence[str], samples: int) -> Score:  # type: ignore[no-untyped-def]
    if not translations or len(translations) != len(references):
        raise ValueError(f"{len(translations)} translations of {len(references)} references cannot be scored")
    # One sentence resampled is always the same sentence.
    samples = samples if len(translations) > 1 else 0
    score = metric.corpus_score(translations, [references], n_bootstrap=max(samples, 1))
    signature = metric.get_signature()
    # The numbers of the interval are only in what sacreBLEU prints.
    told = json.loads(score.format(width=6, signature=str(signature), is_json=True))
    mean, interval = told.get("confidence_mean", score.score), told.get("confidence_var", 0.0)
    return Score(score.name, score.score, float(mean), float(interval), str(signature))
