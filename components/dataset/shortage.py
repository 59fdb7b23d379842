"""What a dataset lacks for a model to be trained on it."""

from components.dataset.manifest import Manifest


def shortages(manifest: Manifest) -> list[str]:
    """A line for each split that training cannot do without and that holds no pair, with what would help."""
    found = []
    if not _records(manifest, "train"):
        found.append("no pairs to train on; lower validation_share or test_share")
    if not _records(manifest, "validation"):
        given = "validation" in manifest.heldout and manifest.heldout["validation"].given
        mend = "no sentence of validation_corpus is within max_length" if given else "raise validation_share"
        found.append(f"no pairs to validate on; {mend}")
    return found


def _records(manifest: Manifest, split: str) -> int:
    return manifest.records(split) if manifest.splits.get(split) else 0
