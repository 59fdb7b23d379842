"""Held-out files and the manifest on disk."""

import dataclasses
import json
from pathlib import Path

import pytest

from components.dataset.heldout import read_heldout, write_heldout
from components.dataset.manifest import BucketRecords, Counts, Manifest, VocabularyFacts
from components.errors import InputError


def test_held_out_pairs_come_back_in_order(tmp_path: Path) -> None:
    pairs = [("b\u2028", "é\u00a0!"), ("a\ttab", '"quoted"'), ("", "")]
    held_out = write_heldout(tmp_path, "test", pairs, given=True)
    assert (held_out.sentences, held_out.given) == (3, True)
    assert read_heldout(tmp_path, held_out) == pairs


def test_the_digest_of_held_out_pairs_depends_on_order(tmp_path: Path) -> None:
    pairs = [("a", "b"), ("c", "d")]
    digests = {write_heldout(tmp_path, "test", order, given=True).digest for order in (pairs, pairs[::-1])}
    assert len(digests) == 2


def manifest() -> Manifest:
    bucket = BucketRecords(1, 6, ("records/train/bucket-001-006/part-00000-of-00001.tfrecord",), 9, 1, 2, 3, 0.0)
    return Manifest(
        key="k",
        fingerprint="f",
        parameters={"vocab_size": 9, "tokenizer": "word"},
        counts=Counts(read=4, kept=1, duplicates=1, rejected={"empty": 2}),
        splits={"train": (bucket,), "validation": (), "test": ()},
        vocabularies={"source": VocabularyFacts("en", 5, 9, 0.1)},
        heldout={},
    )


def test_a_manifest_comes_back_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    manifest().save(folder)
    assert Manifest.load(folder) == manifest()
    assert [path.name for path in folder.iterdir()] == ["manifest.json"]


def test_lost_lines_are_an_error() -> None:
    with pytest.raises(ValueError, match="5 lines were read, but 4 are accounted for"):
        dataclasses.replace(manifest().counts, read=5)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "holds no prepared dataset"),
        ("{", "cannot be read"),
        ("[]", "cannot be read"),
        (json.dumps({"schema_version": 1}), "cannot be read"),
        (json.dumps({"schema_version": 99}), "schema version 99"),
    ],
)
def test_what_is_no_manifest_is_refused(tmp_path: Path, content: str | None, why: str) -> None:
    if content is not None:
        (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(InputError, match=why):
        Manifest.load(tmp_path)
