"""A dataset that is used again links to the run that prepared it."""

from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.entities import DatasetInput, Run

from pipelines import prepare


def prepared(**parameters: object) -> Run:
    """The newest run after preparing the corpus."""
    prepare.main(["--corpus=pairs.tsv", *(f"--{name}={value}" for name, value in parameters.items())])
    return mlflow.search_runs(order_by=["attributes.start_time DESC"], max_results=1, output_format="list")[0]


def test_link_leads_to_the_run_with_these_parameters_however_often_it_was_reused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("pairs.tsv").write_text("".join(f"I see {n} .\tJe vois {n} .\n" for n in range(100)), encoding="utf-8")
    first = prepared(bucket_width=6)
    second = prepared(bucket_width=12)
    assert first.data.tags["fingerprint"] == second.data.tags["fingerprint"]
    assert prepared(bucket_width=6).data.tags["reused"] == first.info.run_id

    client = MlflowClient()
    digest = first.data.tags["fingerprint"][:36]
    (used,) = [used.dataset for used in first.inputs.dataset_inputs if used.dataset.digest == digest]
    for _ in range(20):
        run_id = client.create_run("0", tags={"step": "prepare", "reused": first.info.run_id}).info.run_id
        client.log_inputs(run_id, [DatasetInput(used)])
        client.set_terminated(run_id)
    assert prepared(bucket_width=12).data.tags["reused"] == second.info.run_id
