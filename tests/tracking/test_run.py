"""Datasets as inputs of runs, and scores that belong to a model and to a test set: lineage by plain API calls."""

from pathlib import Path

import mlflow
from mlflow import MlflowClient

from components.dataset.manifest import Counts, HeldOut, Manifest
from components.tracking import step_run
from tests.tracking.conftest import Line

FINGERPRINT, TEST_DIGEST = "f" * 64, "d" * 64


class Echo(mlflow.pyfunc.PythonModel):
    def predict(self, model_input: list[str]) -> list[str]:
        return model_input


def manifest(corpus: str = "pairs.tsv") -> Manifest:
    return Manifest(
        key="0123",
        fingerprint=FINGERPRINT,
        parameters={"corpus": corpus},
        counts=Counts(read=3, kept=3, duplicates=0, rejected={}),
        splits={"train": (), "validation": (), "test": ()},
        vocabularies={},
        heldout={"test": HeldOut("heldout/test.jsonl", 2, TEST_DIGEST, given=False)},
    )


def test_scores_of_a_model_on_a_test_set_over_http(server: Line) -> None:
    with step_run("train", {}) as train:
        train.log_dataset(Path("data/0123"), manifest(), context="training")
        model_id = mlflow.pyfunc.log_model(name="m", python_model=Echo(), pip_requirements=["mlflow"]).model_id
    with step_run("evaluate", {}) as run:
        test = run.log_dataset(Path("data/0123"), manifest(), context="test")
        run.log_metrics({"test_bleu": 41.5}, model_id=model_id, dataset=test)

    client = MlflowClient()
    (trained,) = client.get_run(train.run_id).inputs.dataset_inputs
    assert (trained.dataset.name, trained.dataset.digest) == ("pairs.tsv", FINGERPRINT[:36])
    tags = {tag.key: tag.value for tag in trained.tags}
    assert (tags["mlflow.data.context"], tags["fingerprint"]) == ("training", FINGERPRINT)

    (metric,) = client.get_logged_model(model_id).metrics
    assert (metric.key, metric.value, metric.run_id) == ("test_bleu", 41.5, run.run_id)
    assert (metric.dataset_name, metric.dataset_digest) == ("pairs.tsv · test", TEST_DIGEST[:36])
    assert client.get_logged_model(model_id).source_run_id == train.run_id
    found = mlflow.search_runs(filter_string=f"dataset.digest = '{FINGERPRINT[:36]}'", output_format="list")
    assert [r.info.run_id for r in found] == [train.run_id]


def test_corpus_as_the_user_named_it() -> None:
    with step_run("prepare", {}) as run:
        run.log_corpus("x.{en,fr}", "a" * 64, "corpus")
    (used,) = MlflowClient().get_run(run.run_id).inputs.dataset_inputs
    assert (used.dataset.name, used.dataset.digest) == ("x.{en,fr}", "a" * 36)
    assert used.dataset.source == '{"uri": "x.{en,fr}"}'
