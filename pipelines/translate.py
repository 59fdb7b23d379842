"""Translates a text, or a file line by line, with a finished model.

mlflow run . -e translate -P text="Where is the station?"
mlflow run . -e translate -P input=english.txt -P output=french.txt
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from components.errors import InputError
from components.serving.loading import LoadedModel, load_model
from components.serving.options import TranslationOptions
from components.serving.translation import Translation
from components.translation.lines import count_lines, read_lines, written_whole
from components.translation.parameters import TranslateParameters
from components.translation.stream import translate_stream
from pipelines import cli

ABOUT = "Translates a text, or a file line by line, with a finished model."


def main(argv: Sequence[str]) -> None:
    values = cli.parse(argv, "translate", ABOUT, [TranslateParameters])
    run(cli.select(TranslateParameters, values))


def run(parameters: TranslateParameters) -> None:
    """Prints the translation of ``text``, or writes those of the lines of ``input`` to ``output``.

    Raises:
        InputError: if the parameters contradict each other, or name what cannot be used.
    """
    _check(parameters)
    names = TranslationOptions.__dataclass_fields__
    options = TranslationOptions(**{name: value for name, value in asdict(parameters).items() if name in names})
    if parameters.text:
        for line in _printed(load_model(parameters.model).translator.translate([parameters.text], options)[0]):
            print(line)
        return
    _translate_file(parameters, options)


def _check(parameters: TranslateParameters) -> None:
    if bool(parameters.text) == bool(parameters.input):
        found = "both" if parameters.text else "neither"
        raise InputError(f"text, input: found {found}, must be one of the two: a text, or a file of lines")
    if bool(parameters.input) != bool(parameters.output):
        set_one, missing = ("input", "output") if parameters.input else ("output", "input")
        raise InputError(f"{missing}: is not set, but {set_one} is; a file needs both")


def _printed(translation: Translation) -> list[str]:
    """What a person sees: the translation, or the alternatives with their scores."""
    if len(translation.hypotheses) == 1:
        return [translation.text]
    return [f"{hypothesis.score:9.3f}  {hypothesis.text}" for hypothesis in translation.hypotheses]


def _translate_file(parameters: TranslateParameters, options: TranslationOptions) -> None:
    source, target = Path(parameters.input), Path(parameters.output)
    total = count_lines(source)
    with written_whole(target) as file:
        model: LoadedModel = load_model(parameters.model)
        start = time.monotonic()
        for number, translation in enumerate(translate_stream(model.translator, read_lines(source), options, total)):
            file.writelines(f"{line}\n" for line in _lines(number, translation, options.n_best))
        seconds = time.monotonic() - start
    speed = f"{total / seconds:.1f} sentences/s" if total else "the file is empty"
    print(f"{total} lines of {source} → {target} by {model.label} ({speed})", file=sys.stderr)


def _lines(number: int, translation: Translation, n_best: int) -> list[str]:
    """The translation; or, with alternatives, Moses' n-best list: line from 0, text, score, between triple bars."""
    if n_best == 1:
        return [translation.text]
    return [f"{number} ||| {hypothesis.text} ||| {hypothesis.score:.4f}" for hypothesis in translation.hypotheses]


if __name__ == "__main__":
    cli.run(main)
