"""Held-out pairs: the original sentences of the validation and test splits, in their order, for scoring."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from components.dataset.manifest import HeldOut


def heldout_file(split: str) -> str:
    """Where a split's pairs stand, relative to the dataset's folder."""
    return f"heldout/{split}.jsonl"


def write_heldout(folder: Path, split: str, pairs: Iterable[tuple[str, str]], given: bool) -> HeldOut:
    """Writes ``{"source": …, "target": …}`` a line and says what was written."""
    path = folder / heldout_file(split)
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps({"source": source, "target": target}, ensure_ascii=False) + "\n" for source, target in pairs]
    content = "".join(lines).encode("utf-8")
    path.write_bytes(content)
    return HeldOut(heldout_file(split), len(lines), hashlib.sha256(content).hexdigest(), given)


def read_heldout(folder: Path, heldout: HeldOut) -> list[tuple[str, str]]:
    """The (source, target) pairs of a split, in their order."""
    with open(folder / heldout.file, encoding="utf-8", newline="\n") as file:
        return [(pair["source"], pair["target"]) for pair in map(json.loads, file)]
