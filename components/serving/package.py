"""Packaged translators: MLflow models that need nothing else; written, found in registry, run or folder, and loaded."""

import hashlib
import importlib.metadata
import math
import shutil
import tempfile
import weakref
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import pyarrow as pa

from components.errors import InputError
from components.serving.options import TranslationOptions
from components.serving.translator import SETTINGS_FILE, Translator, TranslatorSettings
from components.text.codec import TextCodec
from components.text.tokenizer import learning
from components.text.words import known_words

# MLflow takes seconds to import: only the functions that need it do.
if TYPE_CHECKING:
    from mlflow.models import Model, ModelSignature
    from mlflow.models.model import ModelInfo
    from mlflow.pyfunc import PyFuncModel

COMPONENTS = Path(__file__).parent.parent
# The code that is packaged, relative to `components`.
CODE = ("__init__.py", "errors.py", "parameters.py", "text", "serving")
# What that code imports, whatever the tokenizer. The model records the versions that it was made with.
REQUIREMENTS = ("mlflow", "numpy", "pandas", "protobuf", "pyarrow", "sentencex", "tensorflow")
EXAMPLE = (["A man is riding a bicycle.", "Where are my keys?"], {"beam_width": 5, "n_best": 1})

URI_SCHEMES = ("models:/", "runs:/")
FORMS = "models:/NAME@ALIAS, models:/NAME/VERSION, models:/MODEL_ID, runs:/RUN_ID/NAME or a folder"
# In the metadata of a packaged model: a digest of what its graph was exported from.
SEARCH_METADATA = "search"
# There, too: :func:`text_statistics`.
TRAINING_METADATA = "training"
# Within a packaged model: everything that translates.
_ARTIFACTS = "artifacts"
# Two exports of the same differ here: TensorFlow numbers the functions of a process in their order.
_GRAPH = ("saved_model.pb", "fingerprint.pb")


def package_translator(
    saved_model: Path, codec_folder: Path, destination: Path, settings: TranslatorSettings | None = None
) -> Path:
    """Writes the MLflow model into the folder ``destination``, which must not exist or must be empty.

    Args:
        saved_model: the folder of the SavedModel that ``components.model.export`` wrote.
        codec_folder: holds what ``TextCodec.save`` wrote; a prepared dataset does.
        destination: a local folder; ``mlflow.pyfunc.load_model`` and ``mlflow models serve -m`` take it.
        settings: what the model has learnt to translate; :class:`TranslatorSettings`' defaults if None.

    Returns:
        ``destination``.

    Raises:
        InputError: if the codec's files are missing or damaged.
    """
    import mlflow

    with _pyfunc_arguments(saved_model, codec_folder, settings) as arguments:
        mlflow.pyfunc.save_model(destination, **arguments)
    return destination


def log_translator(
    saved_model: Path,
    codec_folder: Path,
    settings: TranslatorSettings | None = None,
    name: str = "translator",
    **extra: Any,
) -> "ModelInfo":
    """The same, logged as a model of the active MLflow run.

    ``name`` is the logged model's; ``extra`` are further arguments of ``mlflow.pyfunc.log_model``, such as ``tags``
    or ``metadata``. The ``model_uri`` of what is returned loads it.
    """
    import mlflow

    with _pyfunc_arguments(saved_model, codec_folder, settings) as arguments:
        return mlflow.pyfunc.log_model(name=name, **arguments, **extra)


@contextmanager
def _pyfunc_arguments(
    saved_model: Path, codec_folder: Path, settings: TranslatorSettings | None
) -> Iterator[dict[str, Any]]:
    """The arguments that ``save_model`` and ``log_model`` share; the files they name exist within the block."""
    with tempfile.TemporaryDirectory(prefix="translator-") as scratch:
        codec, code = Path(scratch, "codec"), Path(scratch, "components")
        # MLflow names an artifact's folder after the folder that it came from, not after its key.
        exported = shutil.copytree(saved_model, Path(scratch, "saved_model"))
        codec.mkdir()
        text_codec = TextCodec.load(codec_folder)
        text_codec.save(codec)
        (settings or TranslatorSettings()).save(codec)
        code.mkdir()
        for entry in (COMPONENTS / name for name in CODE):
            if entry.is_dir():
                shutil.copytree(entry, code / entry.name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copyfile(entry, code / entry.name)
        requirements = (*REQUIREMENTS, *learning(text_codec.settings.tokenizer).libraries)
        yield {
            "python_model": str(COMPONENTS / "serving" / "model.py"),
            "artifacts": {"saved_model": str(exported), "codec": str(codec)},
            "code_paths": [str(code)],
            "signature": signature(),
            "input_example": EXAMPLE,
            "pip_requirements": [f"{name}=={importlib.metadata.version(name)}" for name in requirements],
        }


def signature() -> "ModelSignature":
    """One column of strings in, strings out, and the inference parameters with their defaults.

    The column has no name, so that a list of strings and a table with any one column of them are both valid.
    """
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema

    types = {int: "long", float: "double", bool: "boolean"}
    parameters = [ParamSpec(name, types[type(value)], value) for name, value in vars(TranslationOptions()).items()]
    column = Schema([ColSpec("string")])
    return ModelSignature(inputs=column, outputs=column, params=ParamSchema(parameters))


def text_statistics(codec: TextCodec, lengths: Sequence[int], texts: Sequence[str]) -> dict[str, list[int]]:
    """What a server compares its texts with.

    Args:
        codec: the model's.
        lengths: how many sentences of 0, 1, 2, … tokens it was trained on.
        texts: some that it was not trained on.

    Returns:
        ``source_tokens``, the lengths; ``unknown_words``: how many texts have 0, 1, … 10 tenths of unknown words.
    """
    tokens, spans = codec.tokenizers.texts(pa.array(texts, pa.string()))
    counts = map(known_words, tokens.to_pylist(), spans)
    unknown = Counter(tenths(1 - known / words) for known, words in counts if words)
    return {"source_tokens": list(lengths), "unknown_words": [unknown[share] for share in range(11)]}


def tenths(share: float) -> int:
    """A share, 0 to 1, in whole tenths, rounded up: only nothing is 0."""
    return math.ceil(round(10 * share, 9))


@dataclass(frozen=True)
class FoundModel:
    """A packaged translator on this machine.

    ``uri`` always names the same model: an alias is replaced by the version it stood for. ``name`` and ``version``
    are those of the registry, both empty if the model does not come from there. A folder that it was downloaded to
    exists as long as this value.
    """

    folder: Path
    uri: str
    name: str = ""
    version: str = ""

    @property
    def label(self) -> str:
        """What a person calls it; of a folder only its name, because every client of a server reads it."""
        if self.name:
            return f"{self.name} version {self.version}"
        return self.uri if self.uri.startswith(URI_SCHEMES) else Path(self.uri).name

    @cached_property
    def metadata(self) -> "Model":
        """What MLflow wrote beside it."""
        from mlflow.models import Model

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
        return self.folder / _ARTIFACTS / "codec"

    @property
    def saved_model(self) -> Path:
        """The exported search."""
        return self.folder / _ARTIFACTS / "saved_model"

    def digest(self) -> str:
        """Of weights, search and text codec: what decides on the translations, whatever the model is called.

        The search counts as what it was exported from, if the metadata say so, otherwise as its graph's bytes.
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

    def load(self) -> "LoadedModel":
        """The translator, ready to translate."""
        from mlflow import pyfunc

        loaded = pyfunc.load_model(str(self.folder))
        return LoadedModel(self, loaded.unwrap_python_model().translator, loaded)


@dataclass(frozen=True)
class LoadedModel:
    """A translator, the ``pyfunc`` that MLflow loaded with the translator inside it, and where it came from."""

    found: FoundModel
    translator: Translator
    pyfunc: "PyFuncModel"


def find_model(model: str, parameter: str = "model") -> FoundModel:
    """The model that ``model`` names, downloaded if it is elsewhere, as long as what is returned is in use.

    ``parameter`` is the one that was set to it, which errors name.

    Raises:
        InputError: if there is none, or if what is there is no translator of this project.
    """
    if not model:
        raise InputError(f"{parameter}: is not set, must be {FORMS}")
    if model.startswith(URI_SCHEMES):
        found = _download(model, parameter)
    elif Path(model, "MLmodel").is_file():
        found = FoundModel(Path(model), model)
    else:
        raise InputError(f"{parameter}: found {model!r}, which is no folder with a packaged model; must be {FORMS}")
    if not (found.codec_folder / SETTINGS_FILE).is_file():
        raise InputError(f"{parameter}: {model} is a model, but not a translator that this project packaged")
    return found


def load_model(model: str) -> LoadedModel:
    """The translator that ``model`` names, ready to translate.

    Raises:
        InputError: see :func:`find_model`.
    """
    return find_model(model).load()


def pinned(model: str) -> str:
    """The same model by a URI that always names it: an alias is replaced by the version that has it now.

    Raises:
        InputError: if there is no such name or alias, or the store is away.
    """
    from mlflow.exceptions import MlflowException

    try:
        return _version(model)[0]
    except MlflowException as error:
        raise _not_loaded("model", model, error) from None


def _download(model: str, parameter: str) -> FoundModel:
    from mlflow import artifacts
    from mlflow.exceptions import MlflowException

    try:
        uri, name, version = _version(model)
        if _is_on_this_machine(uri):
            return FoundModel(Path(artifacts.download_artifacts(uri)), uri, name, version)
        with ExitStack() as scratch:
            folder = scratch.enter_context(tempfile.TemporaryDirectory(prefix="model-", ignore_cleanup_errors=True))
            found = FoundModel(Path(artifacts.download_artifacts(uri, dst_path=folder)), uri, name, version)
            weakref.finalize(found, scratch.pop_all().close)
            return found
    except (MlflowException, OSError) as error:
        raise _not_loaded(parameter, model, error) from None


def _not_loaded(parameter: str, model: str, error: Exception) -> InputError:
    reason = str(error).splitlines()[0]
    return InputError(
        f"{parameter}: {model} cannot be loaded from the store {_store()}: {reason}; `./nmt` makes a model there,"
        f" MLFLOW_TRACKING_URI names another store (valid: {FORMS})"
    )


def _is_on_this_machine(uri: str) -> bool:
    """Whether MLflow gives the folder where the model lies; what ``runs:/`` names it always copies."""
    from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository
    from mlflow.store.artifact.models_artifact_repo import ModelsArtifactRepository

    return uri.startswith("models:/") and isinstance(ModelsArtifactRepository(uri).repo, LocalArtifactRepository)


def _store() -> str:
    """The registry's URI, without a password."""
    from mlflow import get_registry_uri

    parts = urlsplit(uri := get_registry_uri())
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])) if "@" in parts.netloc else uri


def _version(model: str) -> tuple[str, str, str]:
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
