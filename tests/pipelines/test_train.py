"""The entry `train`: what it refuses, and what it takes for the same training."""

import dataclasses
from pathlib import Path

import pytest

from components.dataset.manifest import BucketRecords, Counts, HeldOut, Manifest
from components.errors import InputError
from components.tracking import step_run
from components.tracking.cache import remember
from pipelines import train, workflow
from pipelines.train import TrainParameters, checkpoint_key, training_key

MANIFEST = Manifest("key", "ab" * 32, {"max_length": 50}, Counts(1, 1, 0, {}), {}, {}, {})


def test_the_dataset_must_be_named(tracking_uri: str) -> None:
    with pytest.raises(InputError, match="data_dir: not set"):
        train.main([])


def test_a_folder_without_a_dataset_is_refused(tracking_uri: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no manifest\.json"):
        train.main(["--data_dir", str(tmp_path)])


def test_checkpoints_are_shared_by_what_gives_the_same_weights() -> None:
    key = checkpoint_key(TrainParameters(), MANIFEST)
    assert checkpoint_key(TrainParameters(max_minutes=5, data_dir="elsewhere"), MANIFEST) == key
    for changed in ({"learning_rate": 0.1}, {"units": 8}, {"seed": 1}, {"num_sampled": 0}):
        assert checkpoint_key(TrainParameters(**changed), MANIFEST) != key
    assert checkpoint_key(TrainParameters(), dataclasses.replace(MANIFEST, fingerprint="cd" * 32)) != key
    layout = {"train": (BucketRecords(1, 12, ("file",), 0, 1, 1, 1, 0.0),)}
    validation = {"validation": HeldOut("file", 1, "ef" * 32, given=True)}
    for other in ({"splits": layout}, {"heldout": validation}, {"parameters": {"max_length": 20}}):
        assert checkpoint_key(TrainParameters(), dataclasses.replace(MANIFEST, **other)) != key, other


def test_a_model_stands_for_what_gives_the_same_package(tmp_path: Path) -> None:
    (tmp_path / "vocabulary.en.txt").write_text("<pad>\n")
    key = training_key(TrainParameters(), tmp_path, MANIFEST)
    assert training_key(TrainParameters(force="train", checkpoint_dir="elsewhere"), tmp_path, MANIFEST) == key
    assert training_key(TrainParameters(), tmp_path, dataclasses.replace(MANIFEST, key="of other parameters")) == key
    # Of other buckets other batches are made; the package cuts what is longer than anything that was trained on.
    buckets = {"train": (BucketRecords(1, 12, ("file",), 0, 1, 1, 1, 0.0),)}
    for changed in ({"splits": buckets}, {"parameters": {"max_length": 20}}, {"fingerprint": "cd" * 32}):
        assert training_key(TrainParameters(), tmp_path, dataclasses.replace(MANIFEST, **changed)) != key, changed
    assert training_key(TrainParameters(max_minutes=5), tmp_path, MANIFEST) != key
    (tmp_path / "vocabulary.en.txt").write_text("<pad>\n<unk>\n")
    assert training_key(TrainParameters(), tmp_path, MANIFEST) != key


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--encoder", "bidirectional", "--units", "33"], "units: found 33, must be even"),
        (["--label_smoothing", "0.1"], "label_smoothing: found 0.1 with num_sampled=1024"),
        (["--test_share", "0"], "test_share: found 0"),
    ],
)
def test_what_cannot_work_is_refused_before_work_begins(flags: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        workflow.main(flags)


def test_deleted_model_is_no_hit_whatever_was_remembered_of_it() -> None:
    with step_run("train", {}) as run:
        remember(run, "0123", {"model_uri": "models:/m-00000000000000000000000000000000", "inventory": ""})
    assert train._find_trained("0123") is None
