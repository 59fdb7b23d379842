"""The key of a dataset: a digest of everything that decides what is in it."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from components.code import code_digest
from components.corpus.parameters import PrepareParameters
from components.corpus.rules import rules_off
from components.corpus.sources import Source
from components.dataset.manifest import SCHEMA_VERSION

# The code that decides what is written, and the libraries that do.
_ENTRY = "components.corpus.preparation"
_LIBRARIES = ("pyarrow", "pyrealb", "sentencepiece")
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
        "code": code_digest(_ENTRY, libraries=_LIBRARIES),
    }
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:KEY_DIGITS]
