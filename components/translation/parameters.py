"""What can be set about translating with a finished model."""

from dataclasses import dataclass

from components.parameters import parameter
from components.serving.options import MAX_BEAM_WIDTH, SearchOptions


@dataclass(frozen=True)
class TranslateParameters(SearchOptions):
    """Which model, on which text or file."""

    model: str = parameter(
        "models:/nmt-en-fr@champion",
        "the model: models:/NAME@ALIAS, models:/NAME/VERSION, runs:/RUN_ID/NAME or a folder",
    )
    text: str = parameter("", "a text to translate; its translation is printed")
    input: str = parameter(
        "",
        "a file to translate: text, line by line; .tsv, first column; .jsonl or .parquet, field `text`",
    )
    output: str = parameter("", "the file that the translations of `input` go to; what it held is replaced")
    n_best: int = parameter(
        1, "translations of each text or line, best first; at most `beam_width`", minimum=1, maximum=MAX_BEAM_WIDTH
    )
    runner: str = parameter(
        "DirectRunner",
        "what runs the Beam pipeline that translates a file (DirectRunner: in this process)",
        choices=("DirectRunner", "PrismRunner", "FlinkRunner"),
    )
    beam_options: str = parameter("", "further Beam options, as one string: '--parallelism=2 …'")
