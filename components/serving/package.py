"""Packaging: an exported SavedModel and its text codec become an MLflow model that needs nothing else."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.serving.options import TranslationOptions
from components.serving.translator import TranslatorSettings
from components.text.codec import TextCodec
from components.text.tokenizer import tokenizer_kind

if TYPE_CHECKING:
    from mlflow.models import ModelSignature
    from mlflow.models.model import ModelInfo

COMPONENTS = Path(__file__).parent.parent
# The code that travels with the model, relative to `components`.
CODE = ("__init__.py", "errors.py", "parameters.py", "text", "serving")
# What that code imports, whatever the tokenizer. The model records the versions that it was made with.
REQUIREMENTS = ("mlflow", "numpy", "pandas", "protobuf", "pyarrow", "sentencex", "tensorflow")
EXAMPLE = (["A man is riding a bicycle.", "Where are my keys?"], {"beam_width": 5, "n_best": 1})


def package_translator(
    saved_model: Path,
    codec_folder: Path,
    destination: Path,
    max_source_length: int = 50,
    has_attention: bool = False,
) -> Path:
    """Writes the MLflow model into the folder ``destination``, which must not exist or must be empty.

    Args:
        saved_model: the folder of the SavedModel that ``components.model.export`` wrote.
        codec_folder: holds what ``TextCodec.save`` wrote; a prepared dataset does.
        destination: a local folder; ``mlflow.pyfunc.load_model`` and ``mlflow models serve -m`` take it.
        max_source_length: the longest sentence the model was trained on, in tokens.
        has_attention: whether it has attention, which a coverage penalty needs.

    Returns:
        ``destination``.

    Raises:
        InputError: if the codec's files are missing or damaged.
    """
    import mlflow

    with _flavor(saved_model, codec_folder, TranslatorSettings(max_source_length, has_attention)) as flavor:
        mlflow.pyfunc.save_model(destination, **flavor)
    return destination


def log_translator(
    saved_model: Path,
    codec_folder: Path,
    max_source_length: int = 50,
    name: str = "translator",
    has_attention: bool = False,
    **extra: Any,
) -> "ModelInfo":
    """The same, logged as a model of the active MLflow run.

    Args:
        saved_model: see :func:`package_translator`.
        codec_folder: see there.
        max_source_length: see there.
        name: the logged model's name.
        has_attention: see there.
        extra: further arguments of ``mlflow.pyfunc.log_model``, such as ``tags`` or ``metadata``.

    Returns:
        what MLflow says about the model; ``model_uri`` loads it.
    """
    import mlflow

    with _flavor(saved_model, codec_folder, TranslatorSettings(max_source_length, has_attention)) as flavor:
        return mlflow.pyfunc.log_model(name=name, **flavor, **extra)


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


@contextmanager
def _flavor(saved_model: Path, codec_folder: Path, settings: TranslatorSettings) -> Iterator[dict[str, Any]]:
    """The arguments that ``save_model`` and ``log_model`` share; the files they name exist within the block."""
    with tempfile.TemporaryDirectory(prefix="translator-") as scratch:
        codec, code = Path(scratch, "codec"), Path(scratch, "components")
        # MLflow names an artifact's folder after the folder that it came from, not after its key.
        exported = shutil.copytree(saved_model, Path(scratch, "saved_model"))
        codec.mkdir()
        text_codec = TextCodec.load(codec_folder)
        text_codec.save(codec)
        requirements = (*REQUIREMENTS, *tokenizer_kind(text_codec.settings.tokenizer).libraries)
        settings.save(codec)
        for entry in CODE:
            _copy(COMPONENTS / entry, code / entry)
        yield {
            "python_model": str(COMPONENTS / "serving" / "model.py"),
            "artifacts": {"saved_model": str(exported), "codec": str(codec)},
            "code_paths": [str(code)],
            "signature": signature(),
            "input_example": EXAMPLE,
            "pip_requirements": [f"{name}=={version(name)}" for name in requirements],
        }


def _copy(source: Path, destination: Path) -> None:
    destination.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, destination, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copyfile(source, destination)
