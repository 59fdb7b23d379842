"""Is one set of translations better than another, or only luckier with these sentences?"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

# Resamples; the smallest p value that can come out is one by this number and one.
SAMPLES = 1000


@dataclass(frozen=True)
class Comparison:
    """BLEU of both, from 0 to 100, and how probable so large a difference would be if they were equally good."""

    baseline: float
    system: float
    p_value: float

    def wins(self, threshold: float) -> bool:
        """Whether the system is better than the baseline, with a p value below ``threshold``."""
        return self.system > self.baseline and self.p_value < threshold


def compare(references: Sequence[str], baseline: Sequence[str], system: Sequence[str]) -> Comparison:
    """Compares by sacreBLEU's paired bootstrap resampling of the test set's sentences (Koehn 2004).

    Both sides are plain texts: it does not matter how their models take sentences apart. The draws have a fixed seed
    (sacreBLEU's, or the variable ``SACREBLEU_SEED``), so that the same texts always compare the same.

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

    logging.getLogger("sacrebleu").setLevel(logging.ERROR)  # It tells each of its steps.
    systems: list[tuple[str, Sequence[str]]] = [("baseline", list(baseline)), ("system", list(system))]
    metrics = {"BLEU": BLEU(references=[list(references)])}
    _, results = PairedTest(systems, metrics, references=None, test_type="bs", n_samples=SAMPLES)()
    first, second = results["BLEU"]
    assert isinstance(first, Result)
    assert isinstance(second, Result)
    assert second.p_value is not None
    # Where there is no difference, sacreBLEU counts no resample as large as it, and calls that improbable.
    return Comparison(first.score, second.score, second.p_value if second.score != first.score else 1.0)
