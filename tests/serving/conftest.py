"""A packaged translator that echoes, made once for all serving tests."""

from pathlib import Path

import pytest

from components.serving.package import package_translator
from components.serving.translator import (
    Translator,
    TranslatorSettings,
    load_exported,
)
from tests.serving.echo import CONFIDENCE, echo_codec


@pytest.fixture(scope="session")
def exported(echo_exported: tuple[Path, Path]) -> tuple[Path, Path]:
    """(SavedModel, codec folder) of the echo."""
    return echo_exported


@pytest.fixture(scope="session")
def packaged(exported: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an MLflow model."""
    return package_translator(
        *exported, tmp_path_factory.mktemp("packaged") / "model", TranslatorSettings(12, scores=True)
    )


@pytest.fixture(scope="session")
def translator(exported: tuple[Path, Path]) -> Translator:
    """The echo without MLflow around it; sentences of up to 12 tokens."""
    loaded, codec = load_exported(exported[0]), echo_codec()
    settings = TranslatorSettings(max_source_length=12, scores=True, confidence=CONFIDENCE)
    return Translator.of(loaded, codec, settings)
