"""Held-out pairs: the original sentences of the validation and test splits, in their order, for scoring."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from components.dataset.manifest import HeldOut


def heldout_file(split: str) -> str:
    """Where a split's pairs stand, relative to the dataset's folder."""
    return f"heldout/{split}.jsonl"


def heldout_content(pairs: Iterable[tuple[str, str]]) -> bytes:
    """What the file holds: ``{"source": …, "target": …}`` a line, in UTF-8."""
    lines = [json.dumps({"source": source, "target": target}, ensure_ascii=False) + "\n" for source, target in pairs]
    return "".join(lines).encode("utf-8")


def heldout_facts(split: str, content: bytes, sentences: int, given: bool) -> HeldOut:
    """What the manifest says of a file with this content."""
    return HeldOut(heldout_file(split), sentences, hashlib.sha256(content).hexdigest(), given)


def write_heldout(folder: Path, split: str, pairs: Iterable[tuple[str, str]], given: bool) -> HeldOut:
    """Writes the pairs of a split and says what was written."""
    pairs = list(pairs)
    content, path = heldout_content(pairs), folder / heldout_file(split)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return heldout_facts(split, content, len(pairs), given)


def read_heldout(folder: Path, heldout: HeldOut) -> list[tuple[str, str]]:
    """The (source, target) pairs of a split, in their order."""
    with open(folder / heldout.file, encoding="utf-8", newline="\n") as file:
        return [(pair["source"], pair["target"]) for pair in map(json.loads, file)]
