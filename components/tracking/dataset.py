"""A prepared dataset as MLflow knows datasets: a name, a digest, a source, a profile."""

import json
from dataclasses import dataclass
from pathlib import Path

from components.dataset.manifest import Manifest

# MLflow's column for it is this wide.
_DIGEST_LENGTH = 36


@dataclass(frozen=True)
class LoggedDataset:
    """By what MLflow links metrics to a dataset."""

    name: str
    digest: str


@dataclass(frozen=True)
class DescribedDataset:
    """What is said about a dataset as an input of a run; ``tags`` hold the digest in full."""

    name: str
    digest: str
    folder: Path
    profile: dict[str, int]
    tags: dict[str, str]

    def as_mlflow(self) -> dict[str, str]:
        """The arguments of ``mlflow.entities.Dataset``."""
        return {
            "name": self.name,
            "digest": self.digest,
            "source_type": "local",
            "source": json.dumps({"uri": str(self.folder)}),
            "profile": json.dumps(self.profile),
        }


def describe_dataset(folder: Path, manifest: Manifest, context: str) -> DescribedDataset:
    """The whole dataset, by its fingerprint; or, for ``validation`` and ``test``, those sentences by their digest."""
    name = str(manifest.parameters.get("corpus", folder.name))
    profile = {split: manifest.records(split) for split in manifest.splits}
    digest = manifest.fingerprint
    if heldout := manifest.heldout.get(context):
        name, profile, digest = f"{name} · {context}", {"sentences": heldout.sentences}, heldout.digest
    tags = {"key": manifest.key, "fingerprint": manifest.fingerprint, "digest": digest}
    return DescribedDataset(name[:500], digest[:_DIGEST_LENGTH], folder, profile, tags)
