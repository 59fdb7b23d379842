"""A packaged translator that echoes, made once for all serving tests."""

from pathlib import Path

import pytest

from components.serving.package import package_translator
from components.serving.translator import (
    Translator,
    TranslatorSettings,
    attention_of,
    force_of,
    load_exported,
    search_of,
)
from tests.serving.echo import echo_codec


@pytest.fixture(scope="session")
def exported(echo_exported: tuple[Path, Path]) -> tuple[Path, Path]:
    """(SavedModel, codec folder) of the echo."""
    return echo_exported


@pytest.fixture(scope="session")
def packaged(exported: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an MLflow model."""
    return package_translator(*exported, tmp_path_factory.mktemp("packaged") / "model", TranslatorSettings(12))


@pytest.fixture(scope="session")
def translator(exported: tuple[Path, Path]) -> Translator:
    """The echo without MLflow around it; sentences of up to 12 tokens."""
    loaded, codec = load_exported(exported[0]), echo_codec()
    settings = TranslatorSettings(max_source_length=12)
    return Translator(codec, search_of(loaded), settings, attention_of(loaded, codec), force_of(loaded))
