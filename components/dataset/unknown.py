"""Words that a dataset's vocabularies do not hold: how many run through each split, and what to do about too many."""

from components.dataset.manifest import Manifest

# From this share of running words on, translations suffer visibly.
TOLERATED = 0.05


def oov_warnings(manifest: Manifest) -> list[str]:
    """A line for each side of which more than ``TOLERATED`` is unknown in any split, with what would help."""
    warnings = []
    for side, vocabulary in manifest.vocabularies.items():
        unknown = manifest.statistics["unknown"]
        shares = {split: unknown[split][side] for split in manifest.splits if split in unknown}
        many = [f"{share:.1%} of {split}" for split, share in shares.items() if share > TOLERATED]
        if many:
            warnings.append(
                f"the {side} vocabulary ({vocabulary.language}) does not hold {', '.join(many)}, in running words;"
                f" {_remedy(manifest, side, shares)}"
            )
    return warnings


def _remedy(manifest: Manifest, side: str, shares: dict[str, float]) -> str:
    vocabulary, parameters = manifest.vocabularies[side], manifest.parameters
    if shares["train"] == 0:
        return "it holds all that train has: a larger corpus would help"
    if vocabulary.size < parameters["vocab_size"]:
        return f"set min_count below {parameters['min_count']}"
    return (
        f"set vocab_size above {parameters['vocab_size']:,} (train has {vocabulary.distinct_tokens:,} distinct words)"
    )
