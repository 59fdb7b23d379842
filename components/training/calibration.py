"""The confidence of a model, learnt on sentences that it was not trained on: what a sentence's chrF will be."""

from collections.abc import Sequence

import numpy as np

from components.serving.confidence import Confidence
from components.serving.options import TranslationOptions
from components.serving.translator import Translator

# Sentences to learn on: more make packaging take longer, and the numbers no better. With fewer than the least, what
# would be learnt is noise.
MOST, LEAST = 1000, 100
# Strength of the penalty on the weights, which keeps features that say the same apart; folds of the cross-validation.
_RIDGE, _FOLDS = 10.0, 10


def calibrate(translator: Translator, pairs: Sequence[tuple[str, str]]) -> Confidence | None:
    """What the confidence in a model's translations is to be computed with.

    Args:
        translator: of a model with forced decoding.
        pairs: sentences that it was not trained on, with their references.

    Returns:
        None if there are too few of them.
    """
    if len(pairs) < LEAST:
        return None
    # Evenly spread, because a corpus is often sorted by something.
    chosen = [pairs[i] for i in np.linspace(0, len(pairs) - 1, min(MOST, len(pairs))).round().astype(int)]
    translations = translator.translate([source for source, _ in chosen], TranslationOptions(split_sentences=False))
    found = [
        (translation.hypotheses[0], reference)
        for translation, (_, reference) in zip(translations, chosen, strict=True)
        if len(translation.hypotheses[0].sentences) == 1
    ]
    if len(found) < LEAST:
        return None
    features = np.stack(translator.features([hypothesis.sentences[0] for hypothesis, _ in found]))
    return fit(features, sentence_chrf([hypothesis.text for hypothesis, _ in found], [ref for _, ref in found]) / 100)


def sentence_chrf(translations: Sequence[str], references: Sequence[str]) -> np.ndarray:
    """chrF2 of each sentence, from 0 to 100; shape [n]."""
    from sacrebleu.metrics import CHRF

    metric = CHRF()
    pairs = zip(translations, references, strict=True)
    return np.array([metric.sentence_score(translation, [reference]).score for translation, reference in pairs])


def fit(features: np.ndarray, quality: np.ndarray) -> Confidence:
    """A linear estimate of the quality by ridge regression, mended by isotonic regression (Zadrozny & Elkan 2002).

    The curve is fitted to the estimates of a cross-validation: those of sentences that the weights were learnt on are
    better than those of others.

    Args:
        features: float32 [n, features].
        quality: what is to be predicted, from 0 to 1, shape [n].
    """
    from sklearn.isotonic import IsotonicRegression
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import KFold, cross_val_predict

    means, scales = features.mean(0), features.std(0)
    scales = np.where(scales > 0, scales, 1)
    standard = (features - means) / scales
    folds = KFold(_FOLDS, shuffle=True, random_state=0)
    estimates = cross_val_predict(Ridge(_RIDGE), standard, quality, cv=folds)
    curve = IsotonicRegression(y_min=0, y_max=1).fit(estimates, quality)
    ridge = Ridge(_RIDGE).fit(standard, quality)
    numbers = (means, scales, ridge.coef_, curve.X_thresholds_, curve.y_thresholds_)
    mean, scale, weights, points, values = (tuple(map(float, column)) for column in numbers)
    return Confidence(mean, scale, weights, float(ridge.intercept_), points, values)
