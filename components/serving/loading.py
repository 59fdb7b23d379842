"""Finding a packaged translator: in the registry, among a run's models, or in a folder."""

import hashlib
import tempfile
import weakref
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from components.errors import InputError
from components.serving.translator import SETTINGS_FILE, Translator

if TYPE_CHECKING:
    from mlflow.models import Model
    from mlflow.pyfunc import PyFuncModel

URI_SCHEMES = ("models:/", "runs:/")
# Within a packaged model: everything that translates, and the text codec.
_ARTIFACTS = "artifacts"
_CODEC = f"{_ARTIFACTS}/codec"
# In the metadata of a packaged model: a digest of what its graph was exported from.
SEARCH_METADATA = "search"
# Two exports of the same differ here: TensorFlow numbers the functions of a process as it goes.
_GRAPH = ("saved_model.pb", "fingerprint.pb")
FORMS = "models:/NAME@ALIAS, models:/NAME/VERSION, models:/MODEL_ID, runs:/RUN_ID/NAME or a folder"


@dataclass(frozen=True)
class FoundModel:
    """A packaged translator on this machine.

    ``uri`` always names the same model: an alias is replaced by the version it stood for. ``name`` and ``version``
    are those of the registry, both empty if the model does not come from there. A folder that it was downloaded to
    is there as long as this value.
    """

    folder: Path
    uri: str
    name: str = ""
    version: str = ""

    @property
    def label(self) -> str:
        """What a person calls it; of a folder only its name, because strangers read this too."""
        if self.name:
            return f"{self.name} version {self.version}"
        return self.uri if self.uri.startswith(URI_SCHEMES) else Path(self.uri).name

    @cached_property
    def metadata(self) -> "Model":
        """What MLflow wrote beside it."""
        from mlflow.models import Model  # Takes seconds.

        return Model.load(str(self.folder))

    @property
    def model_id(self) -> str:
        """That of MLflow's logged model, empty if it was never logged."""
        return self.metadata.model_id or ""

    @property
    def run_id(self) -> str:
        """The run that made it, empty if none did."""
        return self.metadata.run_id or ""

    @property
    def codec_folder(self) -> Path:
        """Holds what ``TextCodec.save`` wrote."""
        return self.folder / _CODEC

    @property
    def saved_model(self) -> Path:
        """The exported search."""
        return self.folder / _ARTIFACTS / "saved_model"

    def digest(self) -> str:
        """Of weights, search and text codec: what decides on the translations, whatever the model is called.

        The search counts as what it was exported from, if the model tells, otherwise as its graph's bytes.
        """
        search = (self.metadata.metadata or {}).get(SEARCH_METADATA, "")
        digest = hashlib.sha256(f"{search}\0".encode())
        for path in sorted(path for path in (self.folder / _ARTIFACTS).rglob("*") if path.is_file()):
            if search and path.parent == self.saved_model and path.name in _GRAPH:
                continue
            with open(path, "rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
            digest.update(f"{path.relative_to(self.folder)}\0{content}\0".encode())
        return digest.hexdigest()


@dataclass(frozen=True)
class LoadedModel:
    """A translator, ``pyfunc``, what MLflow loaded, with the translator inside it, and where it came from."""

    found: FoundModel
    translator: Translator
    pyfunc: "PyFuncModel"


def find_model(model: str) -> FoundModel:
    """The model that ``model`` names, downloaded if it is elsewhere, as long as what is returned is in use.

    Raises:
        InputError: if there is none, or if what is there is no translator of this project.
    """
    if not model:
        raise InputError(f"model: is not set, must be {FORMS}")
    if model.startswith(URI_SCHEMES):
        found = _download(model)
    elif Path(model, "MLmodel").is_file():
        found = FoundModel(Path(model), model)
    else:
        raise InputError(f"model: found {model!r}, which is no folder with a packaged model; must be {FORMS}")
    if not (found.codec_folder / SETTINGS_FILE).is_file():
        raise InputError(f"model: {model} is a model, but not a translator that this project packaged")
    return found


def load_model(model: str) -> LoadedModel:
    """The translator that ``model`` names, ready to translate.

    Raises:
        InputError: see :func:`find_model`.
    """
    return load_found(find_model(model))


def load_found(found: FoundModel) -> LoadedModel:
    """The translator of a model that was found."""
    from mlflow import pyfunc  # Takes seconds.

    loaded = pyfunc.load_model(str(found.folder))
    return LoadedModel(found, loaded.unwrap_python_model().translator, loaded)


def _download(model: str) -> FoundModel:
    from mlflow import artifacts
    from mlflow.exceptions import MlflowException

    try:
        uri, name, version = _pinned(model)
        if _is_on_this_machine(uri):
            return FoundModel(Path(artifacts.download_artifacts(uri)), uri, name, version)
        with ExitStack() as scratch:
            folder = scratch.enter_context(tempfile.TemporaryDirectory(prefix="model-", ignore_cleanup_errors=True))
            found = FoundModel(Path(artifacts.download_artifacts(uri, dst_path=folder)), uri, name, version)
            weakref.finalize(found, scratch.pop_all().close)
            return found
    except (MlflowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"model: {model} cannot be loaded from the store {_store()}: {reason}; `mlflow run .` makes a model there,"
            f" MLFLOW_TRACKING_URI names another store (valid: {FORMS})"
        ) from None


def _is_on_this_machine(uri: str) -> bool:
    """Whether MLflow gives the folder where the model lies; what ``runs:/`` names it always copies."""
    from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository
    from mlflow.store.artifact.models_artifact_repo import ModelsArtifactRepository

    return uri.startswith("models:/") and isinstance(ModelsArtifactRepository(uri).repo, LocalArtifactRepository)


def _store() -> str:
    """Where models are looked for, without a password."""
    from mlflow import get_registry_uri

    parts = urlsplit(uri := get_registry_uri())
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])) if "@" in parts.netloc else uri


def _pinned(model: str) -> tuple[str, str, str]:
    """(URI, name, version) with an alias replaced by the version that has it now; empty name if it is not registered.

    Raises:
        MlflowException: if there is no such name or alias.
    """
    from mlflow import MlflowClient

    if not model.startswith("models:/"):
        return model, "", ""
    name, at, alias = model.removeprefix("models:/").partition("@")
    if at:
        version = str(MlflowClient().get_model_version_by_alias(name, alias).version)
        return f"models:/{name}/{version}", name, version
    name, _, version = name.partition("/")
    return (model, name, version) if version.isdigit() else (model, "", "")
