"""The model registry: versions of the translator and the alias that says which one serves."""

from collections.abc import Mapping

CHAMPION = "champion"


def is_intact(model_uri: str) -> bool:
    """Whether the logged model ``models:/ID`` is there, complete, with its files."""
    import mlflow
    from mlflow.entities import LoggedModelStatus
    from mlflow.exceptions import MlflowException

    try:
        model = mlflow.MlflowClient().get_logged_model(model_uri.removeprefix("models:/"))
        files = {file.path.rpartition("/")[2] for file in mlflow.artifacts.list_artifacts(model_uri) or []}
    except (MlflowException, OSError):
        return False
    return model.status == LoggedModelStatus.READY and "MLmodel" in files


def register_model(model_uri: str, name: str, tags: Mapping[str, str] | None = None) -> str:
    """Makes a new version of the registered model ``name`` and gives it the alias ``champion``.

    Args:
        model_uri: a logged model, ``models:/ID`` or ``runs:/RUN_ID/PATH``.
        name: the registered model, made if there is none.
        tags: of the version.

    Returns:
        The version's number, as MLflow writes it: ``"3"``.
    """
    import mlflow

    version = mlflow.register_model(model_uri, name, tags=dict(tags or {})).version
    mlflow.MlflowClient().set_registered_model_alias(name, CHAMPION, version)
    return str(version)
