"""The ``model.py`` of packages made before ``components.server`` was a room of its own. Frozen: not to be changed.

A process that has imported the checkout's ``components`` runs it with that code, not with the copy in the package: what
it imports and calls must stay.
"""

from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.pyfunc import PythonModel, PythonModelContext

from components.errors import InputError
from components.serving.options import TranslationOptions
from components.serving.translator import Translator


class TranslatorModel(PythonModel):
    translator: Translator

    def load_context(self, context: PythonModelContext) -> None:
        self.translator = Translator.load(Path(context.artifacts["saved_model"]), Path(context.artifacts["codec"]))

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> list[str] | list[dict[str, Any]]:
        try:
            options = TranslationOptions.checked(params or {})
            translations = self.translator.translate(model_input.iloc[:, 0].tolist(), options)
        except InputError as error:
            raise MlflowException.invalid_parameter_value(str(error)) from None
        if options.plain:
            return [translation.text for translation in translations]
        return [translation.record(options.return_alignment) for translation in translations]


mlflow.models.set_model(TranslatorModel())
