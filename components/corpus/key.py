"""The key of a dataset: a digest of everything that decides what is in it."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from components.corpus.parameters import PrepareParameters
from components.corpus.rules import rules_off
from components.corpus.sources import Source
from components.dataset.manifest import SCHEMA_VERSION

# The rooms whose code decides what is written, and the libraries that do.
_ROOMS = ("corpus", "dataset", "text")
_LIBRARIES = ("pyarrow", "pyrealb")
# What a dataset is called by; a 64-bit prefix is enough to tell datasets apart.
KEY_DIGITS = 16
_CORPORA = ("corpus", "validation_corpus", "test_corpus")


def effective_parameters(parameters: PrepareParameters, given: frozenset[str]) -> dict[str, Any]:
    """The parameters that matter, as the manifest shows them.

    What has no effect is None, or left out: shares of splits that are given; where things are written, and by whom.
    """
    values = dataclasses.asdict(parameters)
    for name in ("data_dir", "runner", "beam_options", "force"):
        del values[name]
    for split in given:
        values[f"{split}_share"] = None
    values["rules_off"] = " ".join(sorted(rules_off(parameters)))
    return values


def dataset_key(effective: Mapping[str, Any], corpora: Mapping[str, Sequence[Source]]) -> str:
    """The key, as hexadecimal digits.

    Args:
        effective: see :func:`effective_parameters`.
        corpora: the sources of each corpus parameter; their content counts, not where they lie.
    """
    content = {name: [[type(source).__name__, source.digest()] for source in corpora[name]] for name in corpora}
    document = {
        "schema": SCHEMA_VERSION,
        "parameters": {name: value for name, value in effective.items() if name not in _CORPORA},
        "content": content,
        "code": code_digest(),
        "libraries": {name: version(name) for name in _LIBRARIES},
    }
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:KEY_DIGITS]


def code_digest() -> str:
    """A digest of the source code of the rooms that take part."""
    components = Path(__file__).parent.parent
    digest = hashlib.sha256()
    for path in sorted(path for room in _ROOMS for path in (components / room).rglob("*.py")):
        digest.update(str(path.relative_to(components)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
