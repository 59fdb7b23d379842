"""Finding a packaged translator: in the registry, among a run's models, or in a folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from components.errors import InputError
from components.serving.translator import SETTINGS_FILE, Translator

if TYPE_CHECKING:
    from mlflow.pyfunc import PyFuncModel

URI_SCHEMES = ("models:/", "runs:/")
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


@dataclass(frozen=True)
class LoadedModel:
    """A translator, ``pyfunc``, what MLflow loaded, with the translator inside it, and where it came from.

    ``model_id`` is that of MLflow's logged model, empty if it was never logged.
    """

    found: FoundModel
    translator: Translator
    pyfunc: "PyFuncModel"

    @property
    def model_id(self) -> str:
        return self.pyfunc.metadata.model_id or ""


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
    if not (found.folder / "artifacts" / "codec" / SETTINGS_FILE).is_file():
        raise InputError(f"model: {model} is a model, but not a translator that this project packaged")
    return found


def load_model(model: str) -> LoadedModel:
    """The translator that ``model`` names, ready to translate.

    Raises:
        InputError: see :func:`find_model`.
    """
    found = find_model(model)
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
        raise InputError(f"model: {model} cannot be loaded: {reason} (valid: {FORMS})") from None


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
