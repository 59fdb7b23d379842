"""The model registry: versions of the translator, and the aliases that say what they are for.

``candidate`` is the newest version, ``champion`` the one that serves, ``previous-champion`` the one before it.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from components.errors import InputError
from components.parameters import parameter
from components.tracking.store import look_up, patiently

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

CANDIDATE = "candidate"
CHAMPION = "champion"
PREVIOUS_CHAMPION = "previous-champion"
# Tag of a version that was champion until it was rolled back; its value names the version that became champion.
ROLLED_BACK_TAG = "promotion.rolled_back"
# What MLflow and Python put beside a model's files when it is loaded from where they lie.
_ADDED_BY_LOADING = ("registered_model_meta", "__pycache__")


def model_name_parameter(help: str) -> Any:
    """The parameter ``model_name``, without the characters that mean something in MLflow's URIs and queries."""
    return parameter("nmt-en-fr", help, without="/:@'\"")


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

    def known() -> str:
        """The first version that is this model; empty if there is none."""
        # By its source: the field `model_id` is not kept by MLflow's SQL store.
        found = patiently(lambda: client.search_model_versions(f"name = '{name}'"))
        versions = [int(version.version) for version in found if version.source == model_uri]
        return str(min(versions)) if versions else ""

    version = known()
    if not version:
        version = made = str(mlflow.register_model(model_uri, name).version)
        # Another process may have registered the same model at the same time: the first version is the one.
        if (first := known()) and first != made:
            client.delete_model_version(name, made)
            version = first
        client.set_registered_model_alias(name, CANDIDATE, version)
    tag_version(name, version, tags or {})
    return version


def tag_version(name: str, version: str, tags: Mapping[str, str]) -> None:
    """Sets tags of a version."""
    from mlflow import MlflowClient

    client = MlflowClient()
    for tag, value in tags.items():
        client.set_model_version_tag(name, version, tag, value)


def find_alias(name: str, alias: str) -> "ModelVersion | None":
    """The version that has the alias now; None if none has.

    Raises:
        InputError: if the server is away and stays away.
        MlflowException: if the store does not answer the query.
    """
    from mlflow import MlflowClient

    return look_up(lambda: MlflowClient().get_model_version_by_alias(name, alias))


def crown(name: str, version: str) -> None:
    """Makes a version the champion, and the champion, if there is another, the one to go back to."""
    from mlflow import MlflowClient

    client = MlflowClient()
    before = find_alias(name, CHAMPION)
    if before and str(before.version) != version:
        client.set_registered_model_alias(name, PREVIOUS_CHAMPION, str(before.version))
    client.set_registered_model_alias(name, CHAMPION, version)


def roll_back(name: str) -> str:
    """Makes the previous champion the champion again, and this one the previous: a second call undoes the first.

    The version that was champion is tagged ``promotion.rolled_back``, so that the gate does not bring it back.

    Returns:
        The version that is the champion now.

    Raises:
        InputError: if there is no model of this name, or none to go back to.
    """
    from mlflow import MlflowClient

    champion, previous = find_alias(name, CHAMPION), find_alias(name, PREVIOUS_CHAMPION)
    if previous is None:
        raise InputError(f"model_name: {name} has no version with the alias {PREVIOUS_CHAMPION} to go back to")
    version = str(previous.version)
    if ROLLED_BACK_TAG in previous.tags:
        MlflowClient().delete_model_version_tag(name, version, ROLLED_BACK_TAG)
    elif champion:
        tag_version(name, str(champion.version), {ROLLED_BACK_TAG: f"to version {version}"})
    crown(name, version)
    return version


def inventory(model_uri: str) -> str:
    """A digest of the names and sizes of the files of the logged model ``models:/ID``; empty if it is not complete.

    It shows without a download whether a file is missing or was cut short.

    Raises:
        InputError: if the server is away and stays away.
        MlflowException: if the store does not answer the query.
    """
    from mlflow import MlflowClient
    from mlflow.entities import LoggedModelStatus

    client, model_id = MlflowClient(), model_uri.removeprefix("models:/")
    model = look_up(lambda: client.get_logged_model(model_id))
    if model is None or model.status != LoggedModelStatus.READY:
        return ""
    files = look_up(lambda: sorted(_files(client, model_id, None)))
    return hashlib.sha256(json.dumps(files).encode()).hexdigest() if files else ""


def _files(client: "MlflowClient", model_id: str, folder: str | None) -> Iterator[tuple[str, int | None]]:
    """(path, bytes) of the files below a folder of a model's artifacts."""
    for file in client.list_logged_model_artifacts(model_id, folder):
        if file.path.rpartition("/")[2] in _ADDED_BY_LOADING:
            continue
        if file.is_dir:
            yield from _files(client, model_id, file.path)
        else:
            yield file.path, file.file_size
