"""What can be set about the evaluation of a model."""

from dataclasses import dataclass
from typing import Any

from components.parameters import force_parameter, parameter
from components.serving.options import SearchOptions


def model_name_parameter(help: str) -> Any:
    """The parameter ``model_name``, without the signs that mean something in MLflow's URIs and queries."""
    return parameter("nmt-en-fr", help, without="/:@'\"")


@dataclass(frozen=True)
class EvaluateParameters(SearchOptions):
    """Which model, on which sentences, registered as what."""

    model: str = parameter(
        "models:/nmt-en-fr@champion",
        "the model: models:/NAME@ALIAS, models:/NAME/VERSION, models:/MODEL_ID, runs:/RUN_ID/NAME or a folder",
    )
    data_dir: str = parameter("", "folder of a prepared dataset, the test split of which is translated")
    test_corpus: str = parameter("", "a corpus to translate instead of the dataset's test split: PATH.{en,fr}, …")
    model_name: str = model_name_parameter("the registered model that gets the model as a new version")
    promotion_p: float = parameter(
        0.05,
        "p value below which a model that scores better than the champion replaces it",
        minimum=0,
        maximum=1,
    )
    force: str = force_parameter()
