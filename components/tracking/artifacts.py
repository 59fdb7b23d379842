"""What earlier runs left as artifacts."""

from pathlib import PurePosixPath

from components.tracking.server import look_up, patiently


def read_text(run_id: str, path: str) -> str | None:
    """The content of the artifact ``path`` of a run; None if it is gone, or the run is.

    Raises:
        InputError: if the server is away and stays away.
        Exception: if the store has it and does not give it.
    """
    import mlflow
    from mlflow import MlflowClient

    # Listed first: each kind of store has its own error for a file that is not there.
    folder = str(PurePosixPath(path).parent)
    listed = look_up(lambda: MlflowClient().list_artifacts(run_id, None if folder == "." else folder))
    if path not in [file.path for file in listed or ()]:
        return None
    return patiently(lambda: mlflow.artifacts.load_text(f"runs:/{run_id}/{path}"))
