"""Translates a text, or a file row by row, with a finished model.

mlflow run . -e translate -P text="Where is the station?"
mlflow run . -e translate -P input=english.txt -P output=french.txt
mlflow run . -e translate -P input=gs://BUCKET/english.txt -P output=gs://BUCKET/french.txt -P runner=DataflowRunner …
"""

import sys
from collections.abc import Sequence
from dataclasses import asdict

from components.errors import InputError
from components.serving.options import TranslationOptions
from components.serving.package import URI_SCHEMES, load_model
from components.serving.translation import Translation
from components.tracking import check_tracking
from components.translation.parameters import TranslateParameters
from pipelines import cli

ABOUT = "Translates a text, or a file row by row, with a finished model."


def main(argv: Sequence[str]) -> None:
    values = cli.parse(argv, "translate", ABOUT, [TranslateParameters])
    run(cli.select(TranslateParameters, values))


def run(parameters: TranslateParameters) -> None:
    """Prints the translation of ``text``, or writes those of the lines of ``input`` to ``output``.

    Raises:
        InputError: if the parameters contradict each other, or name what cannot be used.
    """
    _check(parameters)
    if parameters.model.startswith(URI_SCHEMES):
        check_tracking()
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
    from components.translation.file import translate_file

    report = translate_file(
        parameters.input, parameters.output, parameters.model, options, parameters.runner, parameters.beam_options
    )
    resumed = f", {report.resumed:,} of them by an earlier run" if report.resumed else ""
    files = f"{parameters.input} → {report.output}"
    print(f"{report.rows:,} rows of {files} by {report.model}{resumed} ({report.rows_per_second:.1f} rows/s)")
    if report.failures:
        print(f"{report.failures:,} rows could not be translated: {report.failures_file} says why", file=sys.stderr)


if __name__ == "__main__":
    cli.run(main, label="translate")
