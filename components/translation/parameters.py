"""What can be set about translating with a finished model."""

from dataclasses import dataclass

from components.corpus.runners import RUNNERS
from components.parameters import parameter
from components.serving.options import MAX_BEAM_WIDTH, SearchOptions
from components.serving.package import FORMS


@dataclass(frozen=True)
class TranslateParameters(SearchOptions):
    """Which model, on which text or file."""

    model: str = parameter(
        "models:/nmt-en-fr@champion",
        f"the model: {FORMS}",
    )
    text: str = parameter("", "a text to translate; its translation is printed")
    input: str = parameter(
        "",
        "a file to translate, here or elsewhere (gs://…): text (.txt, no ending, or a language's such as .en), line by"
        " line; .tsv, first column; .jsonl or .parquet, field or column `text`, or the source language's code such as"
        " `en`",
    )
    output: str = parameter(
        "",
        "where the translations of `input` go, in the same format: one file in the order of `input`; elsewhere (gs://…)"
        " shards, OUTPUT-00000-of-00012 and so on (the number before the ending), which in the order of their names are"
        " in that order, too. JSON and Parquet get a field `translation`, .tsv a last column; what there was is"
        " replaced",
    )
    n_best: int = parameter(
        1, "translations of each text or line, best first; at most `beam_width`", minimum=1, maximum=MAX_BEAM_WIDTH
    )
    runner: str = parameter(
        "DirectRunner",
        "what runs the Beam pipeline that translates a file (DirectRunner: in this process)",
        choices=tuple(RUNNERS),
    )
    beam_options: str = parameter("", "further Beam options, as one string: '--parallelism=2 …'")
