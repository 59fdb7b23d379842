"""Finding a packaged translator: in the registry, among a run's models, or in a folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from components.errors import InputError
from components.serving.translator import Translator

if TYPE_CHECKING:
    from mlflow.pyfunc import PyFuncModel

URI_SCHEMES = ("models:/", "runs:/")
FORMS = "models:/NAME@ALIAS, models:/NAME/VERSION, models:/MODEL_ID, runs:/RUN_ID/NAME or a folder"


@dataclass(frozen=True)
class LoadedModel:
    """A translator, and where it came from.

    ``uri`` always names the same model: an alias is replaced by the version it stood for. ``name`` and ``version``
    are those of the registry, both empty if the model does not come from there. ``model_id`` is that of MLflow's
    logged model, empty if it was never logged. ``pyfunc`` is what MLflow loaded, the translator inside it.
    """

    translator: Translator
    pyfunc: "PyFuncModel"
    uri: str
    name: str = ""
    version: str = ""
    model_id: str = ""

    @property
    def label(self) -> str:
        """What a person calls it; of a folder only its name, because strangers read this too."""
        if self.name:
            return f"{self.name} version {self.version}"
        return self.uri if self.uri.startswith(URI_SCHEMES) else Path(self.uri).name


def load_model(model: str) -> LoadedModel:
    """The translator that ``model`` names.

    Raises:
        InputError: if there is none, or if what is there is no translator of this project.
    """
    if not model:
        raise InputError(f"model: is not set, must be {FORMS}")
    is_uri = model.startswith(URI_SCHEMES)
    if not is_uri and not Path(model).joinpath("MLmodel").is_file():
        raise InputError(f"model: found {model!r}, which is no folder with a packaged model; must be {FORMS}")

    from mlflow import pyfunc  # Takes seconds.
    from mlflow.exceptions import MlflowException

    try:
        uri, name, version = pinned(model) if is_uri else (model, "", "")
        loaded = pyfunc.load_model(uri)
    except (MlflowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"model: {model} cannot be loaded: {reason} (valid: {FORMS})") from None
    translator = getattr(_python_model(loaded), "translator", None)
    if translator is None:
        raise InputError(f"model: {model} is a model, but not a translator that this project packaged")
    return LoadedModel(translator, loaded, uri, name, version, loaded.metadata.model_id or "")


def pinned(model: str) -> tuple[str, str, str]:
    """(URI, name, version) with an alias replaced by the version that has it now; empty name if it is not registered.

    Raises:
        MlflowException: if there is no such name or alias.
    """
    from mlflow import MlflowClient

    name, at, alias = model.removeprefix("models:/").partition("@")
    if at and model.startswith("models:/"):
        version = str(MlflowClient().get_model_version_by_alias(name, alias).version)
        return f"models:/{name}/{version}", name, version
    name, slash, version = name.partition("/")
    if slash and version.isdigit() and model.startswith("models:/"):
        return model, name, version
    return model, "", ""


def _python_model(loaded: object) -> object:
    """What `unwrap_python_model` returns, or none where the flavor has no such thing."""
    from mlflow.exceptions import MlflowException

    try:
        return loaded.unwrap_python_model()  # type: ignore[attr-defined]
    except (AttributeError, MlflowException):
        return None
