"""Finding a packaged translator: in the registry, among a run's models, or in a folder."""

import hashlib
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
FORMS = "models:/NAME@ALIAS, models:/NAME/VERSION, models:/MODEL_ID, runs:/RUN_ID/NAME or a folder"


@dataclass(frozen=True)
class FoundModel:
    """A packaged translator on this machine.

    ``uri`` always names the same model: an alias is replaced by the version it stood for. ``name`` and ``version``
    are those of the registry, both empty if the model does not come from there.
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
        """Of weights, search and text codec: what decides on the translations, whatever the model is called."""
        digest = hashlib.sha256()
        for path in sorted(path for path in (self.folder / _ARTIFACTS).rglob("*") if path.is_file()):
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
    """The model that ``model`` names, downloaded if it is elsewhere.

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
        return FoundModel(Path(artifacts.download_artifacts(uri)), uri, name, version)
    except (MlflowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"model: {model} cannot be loaded from the store {_store()}: {reason}; `mlflow run .` makes a model there,"
            f" MLFLOW_TRACKING_URI names another store (valid: {FORMS})"
        ) from None


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
