"""What a version says of where it comes from: on a real store, as tags, as links and in a sentence."""

from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient

from components.tracking import step_run
from components.tracking.lineage import record_lineage
from components.tracking.registry import register_model
from tests.tracking.test_gate import NAME, log_model
from tests.tracking.test_run import manifest


def trained(corpus: str, base_id: str = "", **base: str) -> tuple[str, str]:
    """A training on a corpus, from a base or from nothing; registered. The ids of its run and of its model."""
    with step_run("train", {}) as run:
        run.log_dataset(Path("data/0123"), manifest(corpus), context="training")
        if base:
            run.log_base(base_id, {f"base.{name}": value for name, value in base.items()})
        run.flush()
        uri = log_model()
    record_lineage(NAME, register_model(uri, NAME))
    return run.run_id, uri.removeprefix("models:/")


def test_a_version_names_its_base_and_the_datasets_of_both() -> None:
    client = MlflowClient()
    general_run, general_model = trained("tatoeba.tsv")
    general = client.get_model_version(NAME, "1")
    assert general.description == f"Trained on [`tatoeba.tsv`](#/experiments/0/runs/{general_run})."
    assert {name: general.tags[f"train.{name}"] for name in ("run", "dataset")} == {
        "run": general_run,
        "dataset": "tatoeba.tsv",
    }
    corpus = "inhouse.tsv*8 tatoeba.tsv"
    run, _ = trained(corpus, general_model, model=f"models:/{NAME}/1", digest="d1", run=general_run)
    adapted = client.get_model_version(NAME, "2")
    assert adapted.description == (
        f"Adapted from [{NAME} version 1](#/models/{NAME}/versions/1) (trained on"
        f" [`tatoeba.tsv`](#/experiments/0/runs/{general_run})) with [`{corpus}`](#/experiments/0/runs/{run})."
    )
    assert adapted.tags.items() >= {"base.model": f"models:/{NAME}/1", "base.digest": "d1"}.items()
    assert adapted.tags.items() >= {"base.run": general_run, "base.dataset": "tatoeba.tsv"}.items()
    assert adapted.tags["base.fingerprint"] == adapted.tags["train.fingerprint"] == manifest().fingerprint
    assert [used.model_id for used in client.get_run(run).inputs.model_inputs] == [general_model]


def test_what_somebody_has_written_stays() -> None:
    trained("tatoeba.tsv")
    MlflowClient().update_model_version(NAME, "1", "Ours.")
    record_lineage(NAME, "1")
    assert MlflowClient().get_model_version(NAME, "1").description == "Ours."


@pytest.mark.parametrize("base", [{"run": "0" * 32}, {}])
def test_a_base_from_elsewhere_is_named_all_the_same(base: dict[str, str]) -> None:
    run, _ = trained("inhouse.tsv", model="/models/general", digest="d1", **base)
    version = MlflowClient().get_model_version(NAME, "1")
    assert version.description == f"Adapted from `general` with [`inhouse.tsv`](#/experiments/0/runs/{run})."
    assert "base.dataset" not in version.tags


def test_a_model_of_which_no_dataset_is_known_is_not_described() -> None:
    with mlflow.start_run():
        uri = log_model()
    record_lineage(NAME, register_model(uri, NAME))
    assert not MlflowClient().get_model_version(NAME, "1").description
