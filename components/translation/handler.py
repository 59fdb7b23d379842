"""The translator as a model of Beam's RunInference: parts of a file in, their translations out."""

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apache_beam.ml.inference.base import ModelHandler

from components.corpus.files import is_remote, reaching
from components.corpus.remote_folders import download, sizes_below
from components.serving.options import TranslationOptions
from components.serving.package import FoundModel
from components.serving.translation import Translation
from components.serving.translator import Translator
from components.translation.rows import Part


@dataclass(frozen=True)
class PartTexts:
    """The texts of a part; None for rows that have none."""

    part: Part
    texts: tuple[str | None, ...]


@dataclass(frozen=True)
class PartTranslations:
    """For each row of a part its translation, or the reason why there is none; both None if it had no text."""

    part: Part
    found: tuple[Translation | None, ...]
    faults: tuple[str | None, ...]


class TranslatorHandler(ModelHandler[PartTexts, PartTranslations, Translator]):
    """Loads the translator once for each worker process; a part is a batch of its own.

    Args:
        model: the folder of a packaged translator, path or URL, where every worker finds it.
        options: how to translate.
    """

    def __init__(self, model: str, options: TranslationOptions):
        super().__init__(min_batch_size=1, max_batch_size=1)
        self._model = model
        self._options = options

    def load_model(self) -> Translator:
        if not is_remote(self._model):
            return _loaded(Path(self._model))
        with tempfile.TemporaryDirectory(prefix="model-") as folder:
            with reaching(f"model: {self._model}"):
                for name in sizes_below(self._model):
                    download(f"{self._model}/{name}", Path(folder, name))
            return _loaded(Path(folder))

    def run_inference(
        self, batch: Sequence[PartTexts], model: Translator, inference_args: dict[str, Any] | None = None
    ) -> Iterable[PartTranslations]:
        """The translations of each part, in its order."""
        return [_translated(model, part, self._options) for part in batch]


def _loaded(folder: Path) -> Translator:
    found = FoundModel(folder, str(folder))
    return Translator.load(found.saved_model, found.codec_folder)


def _translated(translator: Translator, part: PartTexts, options: TranslationOptions) -> PartTranslations:
    texts = [text for text in part.texts if text is not None]
    try:
        results: list[Translation | str] = list(translator.translate(texts, options))
    except Exception:  # One of them cannot be translated, whatever the reason: the others must not suffer.
        results = [_alone(translator, text, options) for text in texts]
    remaining = iter(results)
    in_order = [None if text is None else next(remaining) for text in part.texts]
    return PartTranslations(
        part.part,
        tuple(result if isinstance(result, Translation) else None for result in in_order),
        tuple(result if isinstance(result, str) else None for result in in_order),
    )


def _alone(translator: Translator, text: str, options: TranslationOptions) -> Translation | str:
    try:
        return translator.translate([text], options)[0]
    except Exception as error:
        return f"cannot be translated: {type(error).__name__}: {error}"
