"""The MLflow python model, as code: MLflow runs this file to load a packaged translator; nothing is pickled.

Packaged by :mod:`components.serving.package`, which lays ``components.text`` and ``components.serving`` beside it.
"""

from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.pyfunc import PythonModel, PythonModelContext

from components.errors import InputError
from components.serving.options import TranslationOptions
from components.serving.translator import Translator, sides

# The names of the artifacts.
SAVED_MODEL, CODEC = "saved_model", "codec"


class TranslatorModel(PythonModel):
    """Texts of the source language in, texts of the target language out."""

    translator: Translator

    def load_context(self, context: PythonModelContext) -> None:
        """Loads the SavedModel and the text codec from the artifact."""
        self.translator = Translator.load(Path(context.artifacts[SAVED_MODEL]), Path(context.artifacts[CODEC]))

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> list[str] | list[dict[str, Any]]:
        """Texts → translations, in order.

        Args:
            context: not used; MLflow passes it.
            model_input: n texts in its first column; that is what MLflow makes of a list too.
            params: see :class:`~components.serving.options.TranslationOptions`.

        Returns:
            n strings; or, if ``n_best``, ``return_scores``, ``return_alignment`` or ``return_confidence`` ask for more,
            n records: see :meth:`~components.serving.translation.Translation.record`. With ``score``, n records: see
            :meth:`~components.serving.translation.Score.record`.

        Raises:
            MlflowException: with the code INVALID_PARAMETER_VALUE on input or parameters that are not valid.
        """
        try:
            options, texts = TranslationOptions.checked(params or {}), model_input.iloc[:, 0].tolist()
            if options.score:
                return [score.record() for score in self.translator.score(*sides(texts))]
            translations = self.translator.translate(texts, options)
        except InputError as error:
            raise MlflowException.invalid_parameter_value(str(error)) from None
        if options.plain:
            return [translation.text for translation in translations]
        return [translation.record(options.return_alignment) for translation in translations]


mlflow.models.set_model(TranslatorModel())
