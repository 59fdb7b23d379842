"""The model registry: versions of the translator, and the aliases that say what they are for.

``candidate`` is the newest version, ``champion`` the one that serves, ``previous-champion`` the one before it.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from components.errors import InputError

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

CANDIDATE = "candidate"
CHAMPION = "champion"
PREVIOUS_CHAMPION = "previous-champion"


def register_model(model_uri: str, name: str, tags: Mapping[str, str] | None = None) -> str:
    """The version of the registered model ``name`` that a logged model is; made, as ``candidate``, if there is none.

    Args:
        model_uri: a logged model, ``models:/ID``.
        name: the registered model, made if there is none.
        tags: of the version, set in any case.

    Returns:
        The version's number, as MLflow writes it: ``"3"``.
    """
    import mlflow

    client = mlflow.MlflowClient()
    # By its source: the field `model_id` is not kept by MLflow's SQL store.
    known = [v for v in client.search_model_versions(f"name = '{name}'") if v.source == model_uri]
    if known:
        version = str(known[0].version)
    else:
        version = str(mlflow.register_model(model_uri, name).version)
        client.set_registered_model_alias(name, CANDIDATE, version)
    for tag, value in (tags or {}).items():
        client.set_model_version_tag(name, version, tag, value)
    return version


def find_alias(name: str, alias: str) -> "ModelVersion | None":
    """The version that has the alias now."""
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    try:
        return MlflowClient().get_model_version_by_alias(name, alias)
    except MlflowException:
        return None


def crown(name: str, version: str) -> None:
    """Makes a version the champion, and the champion, if there is another, the one to go back to."""
    from mlflow import MlflowClient

    client = MlflowClient()
    before = find_alias(name, CHAMPION)
    if before and str(before.version) != version:
        client.set_registered_model_alias(name, PREVIOUS_CHAMPION, str(before.version))
    client.set_registered_model_alias(name, CHAMPION, version)


def roll_back(name: str) -> str:
    """Makes the previous champion the champion again, and this one the previous: twice is as if never done.

    Returns:
        The version that is the champion now.

    Raises:
        InputError: if there is no model of this name, or none to go back to.
    """
    previous = find_alias(name, PREVIOUS_CHAMPION)
    if previous is None:
        raise InputError(f"model_name: {name} has no version with the alias {PREVIOUS_CHAMPION} to go back to")
    crown(name, str(previous.version))
    return str(previous.version)


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
