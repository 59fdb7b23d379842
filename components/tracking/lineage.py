"""Where a version of the model comes from: its training, its dataset, and the same of the model it was adapted from.

They are tags of the version, and its description says them in a sentence with links. What a base was adapted from is
said by the base's own version.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from components.tracking.registry import tag_version
from components.tracking.run import run_page
from components.tracking.store import look_up, patiently

if TYPE_CHECKING:
    from mlflow.entities import Run

# Tags of a training, and of the model that it logs: the model that it began from, and the run that trained that.
BASE_TAG, BASE_DIGEST_TAG, BASE_RUN_TAG = "base.model", "base.digest", "base.run"
_VERSION = re.compile(r"models:/([^/@]+)/([0-9]+)")


def record_lineage(name: str, version: str) -> None:
    """Tags a version with where it comes from, and describes it so, unless somebody has described it already."""
    from mlflow import MlflowClient

    client = MlflowClient()
    found = patiently(lambda: client.get_model_version(name, version))
    run_id = found.run_id
    if not run_id or (run := look_up(lambda: client.get_run(run_id))) is None:
        return
    tags = _training("train", run)
    sentence = f"Trained on {_data(tags, 'train', run)}."
    if uri := run.data.tags.get(BASE_TAG):
        tags |= {tag: run.data.tags[tag] for tag in (BASE_TAG, BASE_DIGEST_TAG)}
        # A package that was copied from another store was trained by a run that is not here.
        base_id = run.data.tags.get(BASE_RUN_TAG)
        base = look_up(lambda: client.get_run(base_id)) if base_id else None
        tags |= _training("base", base) if base else {}
        trained = f" (trained on {_data(tags, 'base', base)})" if base else ""
        sentence = f"Adapted from {_label(uri)}{trained} with {_data(tags, 'train', run)}."
    tag_version(name, version, tags)
    if "train.dataset" in tags and not found.description:
        patiently(lambda: client.update_model_version(name, version, sentence))


def _training(prefix: str, run: "Run") -> dict[str, str]:
    """Tags ``PREFIX.run``, ``PREFIX.dataset`` and ``PREFIX.fingerprint`` of what a run trained."""
    found = {f"{prefix}.run": run.info.run_id}
    for used in run.inputs.dataset_inputs if run.inputs else ():
        tags = {tag.key: tag.value for tag in used.tags}
        if tags.get("mlflow.data.context") == "training":
            found |= {f"{prefix}.dataset": used.dataset.name, f"{prefix}.fingerprint": tags.get("fingerprint", "")}
    return found


def _data(tags: Mapping[str, str], prefix: str, run: "Run") -> str:
    """The dataset of a training, with a link to it."""
    dataset = tags.get(f"{prefix}.dataset", "unknown data")
    return f"[`{dataset}`]({run_page(run.info.experiment_id, run.info.run_id)})"


def _label(uri: str) -> str:
    """A base, with a link to its version if it is one."""
    if found := _VERSION.fullmatch(uri):
        return f"[{found[1]} version {found[2]}](#/models/{found[1]}/versions/{found[2]})"
    return f"`{uri if ':/' in uri else Path(uri).name}`"
