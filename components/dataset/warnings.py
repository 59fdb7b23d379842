"""What training on a dataset will suffer from, or refuse, with what would help."""

from components.dataset.manifest import Manifest

# From this share of running words on that a vocabulary does not hold, translations suffer visibly.
TOLERATED_OOV_RATE = 0.05


def too_few_records(manifest: Manifest) -> list[str]:
    """A line for each split that training cannot do without and that holds no pair."""
    found = []
    if not _records(manifest, "train"):
        found.append("no pairs to train on; lower validation_share or test_share")
    if not _records(manifest, "validation"):
        given = "validation" in manifest.heldout and manifest.heldout["validation"].given
        remedy = "no sentence of validation_corpus is within max_length" if given else "raise validation_share"
        found.append(f"no pairs to validate on; {remedy}")
    return found


def _records(manifest: Manifest, split: str) -> int:
    return manifest.records(split) if manifest.splits.get(split) else 0


def oov_warnings(manifest: Manifest) -> list[str]:
    """A line for each side of which more than ``TOLERATED_OOV_RATE`` is unknown in any split."""
    warnings = []
    for side, vocabulary in manifest.vocabularies.items():
        unknown = manifest.statistics["unknown"]
        rates = {split: unknown[split][side] for split in manifest.splits if split in unknown}
        high = [f"{rate:.1%} of {split}" for split, rate in rates.items() if rate > TOLERATED_OOV_RATE]
        if high:
            warnings.append(
                f"the {side} vocabulary ({vocabulary.language}) does not hold {', '.join(high)}, in running words;"
                f" {_remedy(manifest, side, rates)}"
            )
    return warnings


def _remedy(manifest: Manifest, side: str, rates: dict[str, float]) -> str:
    vocabulary, parameters = manifest.vocabularies[side], manifest.parameters
    if rates["train"] == 0:
        return "it holds all that train has: a larger corpus would help"
    if vocabulary.size < parameters["vocab_size"]:
        return f"set min_count below {parameters['min_count']}"
    return (
        f"set vocab_size above {parameters['vocab_size']:,} (train has {vocabulary.distinct_tokens:,} distinct words)"
    )
