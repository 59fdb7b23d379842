"""How good a translation is to be expected, as a number from 0 to 1, from what the model says about its own output.

The number is an estimate of the sentence's chrF against a reference, divided by 100: of all translations with a
confidence of 0.7, the mean chrF is to be 70. ``components.training.calibration`` learns it on sentences that the
model was not trained on; here are only the numbers that it has learnt, and how to apply them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from components.serving.forced import Forced
from components.text.words import PLACEHOLDERS, known_words

FEATURES = (
    "mean log-probability",
    "mean log-probability of the worst quarter",
    "lowest log-probability",
    "mean entropy",
    "highest entropy",
    "share of the source that attention left out",
    "attention of the source word that got most",
    "length of the source",
    "tokens of the target a token of the source",
    "share of known words",
    "rarity of the source's tokens",
    "rarest token of the source",
)


def features(tokens: Sequence[str], source: Sequence[int], forced: Forced) -> np.ndarray:
    """What tells good translations from bad ones: float32 [features], finite.

    Args:
        tokens: of the sentence.
        source: their ids, which rise with falling frequency, in any order.
        forced: what the model says about the translation.
    """
    known, words = known_words(tokens, ("",) * len(PLACEHOLDERS))
    likely, entropies = np.sort(forced.log_probabilities), forced.entropies
    ids = np.log1p(np.asarray(source, np.float32))
    values = (
        likely.mean(),
        likely[: -(-len(likely) // 4)].mean(),
        likely[0],
        entropies.mean(),
        entropies.max(),
        np.maximum(1 - forced.attended, 0).mean(),
        np.log1p(forced.attended.max()),
        np.log(len(ids)),
        np.log(len(likely) / len(ids)),
        known / max(words, 1),
        ids.mean(),
        ids.max(),
    )
    return np.array(values, np.float32)


@dataclass(frozen=True)
class Confidence:
    """A linear estimate, mended by a monotone curve.

    ``means`` and ``scales`` standardize the features; ``weights`` and ``bias`` make an estimate of them; the curve goes
    through the points (``estimates``, ``values``), both rising, and is level beyond them.
    """

    means: tuple[float, ...]
    scales: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float
    estimates: tuple[float, ...]
    values: tuple[float, ...]

    def of(self, found: np.ndarray) -> float:
        """The confidence in a translation with these features, shape [features]."""
        standard = (found - np.array(self.means, np.float32)) / np.array(self.scales, np.float32)
        # Sentence by sentence, so that it does not depend on others.
        estimate = float(np.dot(standard, np.array(self.weights, np.float32))) + self.bias
        return float(np.interp(estimate, self.estimates, self.values))
