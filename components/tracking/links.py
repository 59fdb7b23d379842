"""Where MLflow's UI shows things: what follows its address."""

from contextlib import suppress


def run_page(experiment_id: str, run_id: str) -> str:
    """The page of a run."""
    return f"#/experiments/{experiment_id}/runs/{run_id}"


def version_page(name: str, version: str) -> str:
    """The page of a registered model's version."""
    return f"#/models/{name}/versions/{version}"


def page_of(run_id: str) -> str:
    """The page of a run of which no more than the id is known; the first page, if the store does not tell."""
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    with suppress(MlflowException):
        return run_page(MlflowClient().get_run(run_id).info.experiment_id, run_id)
    return "#/experiments"
