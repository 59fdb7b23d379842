"""A prepared dataset as MLflow knows datasets: a name, a digest, a source, a profile."""

import json
from dataclasses import dataclass
from pathlib import Path

from components.dataset.manifest import Manifest

# MLflow's columns for them are this wide.
_NAME_LENGTH = 500
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
    source: str
    profile: dict[str, int]
    tags: dict[str, str]

    def as_mlflow(self) -> dict[str, str]:
        """The arguments of ``mlflow.entities.Dataset``."""
        return {
            "name": self.name,
            "digest": self.digest,
            "source_type": self.source.partition("://")[0] if "://" in self.source else "local",
            "source": json.dumps({"uri": self.source}),
            "profile": json.dumps(self.profile),
        }


def describe_dataset(location: Path | str, manifest: Manifest, context: str) -> DescribedDataset:
    """The whole dataset, by its fingerprint; or, for ``validation`` and ``test``, those sentences by their digest."""
    name = str(manifest.parameters.get("corpus", Path(location).name))
    profile = {split: manifest.records(split) for split in manifest.splits}
    digest = manifest.fingerprint
    if heldout := manifest.heldout.get(context):
        name, profile, digest = f"{name} · {context}", {"sentences": heldout.sentences}, heldout.digest
    tags = {"key": manifest.key, "fingerprint": manifest.fingerprint, "digest": digest}
    return DescribedDataset(name[:_NAME_LENGTH], digest[:_DIGEST_LENGTH], str(location), profile, tags)


def describe_corpus(corpus: str, digest: str, sentences: int | None = None) -> DescribedDataset:
    """A corpus as the user named it, by a digest of its content."""
    profile = {} if sentences is None else {"sentences": sentences}
    return DescribedDataset(corpus[:_NAME_LENGTH], digest[:_DIGEST_LENGTH], corpus, profile, {"digest": digest})
