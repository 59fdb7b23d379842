"""What can be set about translating and scoring with a finished model."""

from dataclasses import dataclass

from components.corpus.runners import RUNNERS
from components.parameters import parameter
from components.serving.options import MAX_BEAM_WIDTH, SearchOptions
from components.serving.package import FORMS


@dataclass(frozen=True)
class RunnerParameters:
    """What runs the Beam pipeline."""

    runner: str = parameter(
        "DirectRunner",
        "what runs the Beam pipeline that translates or scores a file (DirectRunner: in this process)",
        choices=tuple(RUNNERS),
    )
    beam_options: str = parameter("", "further Beam options, as one string: '--parallelism=2 …'")


@dataclass(frozen=True)
class TranslateParameters(RunnerParameters, SearchOptions):
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
    return_confidence: bool = parameter(
        False,
        "also say how good each translation is to be expected, from 0 to 1 (chrF / 100): in a field `confidence`, in"
        " .tsv a last column",
    )
    min_confidence: float = parameter(
        0.0,
        "leave out translations with less confidence than that, and say so in a field `warning` and in"
        " OUTPUT.failed.jsonl; 0: none",
        minimum=0,
        maximum=1,
    )


@dataclass(frozen=True)
class ScoreParameters(RunnerParameters):
    """Which model, on which pairs."""

    model: str = parameter("models:/nmt-en-fr@champion", f"the model: {FORMS}")
    input: str = parameter(
        "",
        "a file of texts and translations, here or elsewhere (gs://…): .tsv, first two columns; .jsonl or .parquet,"
        " fields or columns `text` and `translation`, or the languages' codes such as `en` and `fr`",
    )
    output: str = parameter(
        "",
        "where `input` goes with the scores, in the same format (see `translate`); not set: it is printed. JSON and"
        " Parquet get `score` and `mean_score` (log-probabilities of the translation and of its mean token), `tokens`"
        " and `token_scores`, .tsv the first two as columns",
    )
