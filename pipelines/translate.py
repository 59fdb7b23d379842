"""Translates a text, or a file row by row, with a finished model.

./nmt translate -P text="Where is the station?"
./nmt translate -P input=english.txt -P output=french.txt
./nmt translate -P input=gs://BUCKET/english.txt -P output=gs://BUCKET/french.txt -P runner=DataflowRunner …
"""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from components.errors import InputError
from components.serving.options import TranslationOptions
from components.serving.package import URI_SCHEMES, load_model
from components.tracking import check_tracking
from components.translation.parameters import TranslateParameters
from components.translation.tasks import Translating
from pipelines import cli

if TYPE_CHECKING:
    from components.translation.file import FileReport

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
    options = cli.select(TranslationOptions, vars(parameters))
    if parameters.text:
        _translate_text(parameters, options)
    else:
        _translate_file(parameters, options)


def _check(parameters: TranslateParameters) -> None:
    if bool(parameters.text) == bool(parameters.input):
        found = "both" if parameters.text else "neither"
        raise InputError(f"text, input: found {found}, must be one of the two: a text, or a file of lines")
    if bool(parameters.input) != bool(parameters.output):
        set_one, missing = ("input", "output") if parameters.input else ("output", "input")
        raise InputError(f"{missing}: is not set, but {set_one} is; a file needs both")


def _translate_text(parameters: TranslateParameters, options: TranslationOptions) -> None:
    """Prints the translation, with its confidence if that is asked for, or the alternatives with their scores."""
    (translation,) = load_model(parameters.model).translator.translate([parameters.text], options)
    if translation.left_out:
        print(f"left out: {translation.left_out}", file=sys.stderr)
    elif len(translation.hypotheses) == 1:
        print(f"{translation.confidence:.4f}  {translation.text}" if options.return_confidence else translation.text)
    else:
        for hypothesis in translation.hypotheses:
            print(f"{hypothesis.score:9.3f}  {hypothesis.text}")


def _translate_file(parameters: TranslateParameters, options: TranslationOptions) -> None:
    from components.translation.file import run_file

    task = Translating(options)
    report = run_file(
        parameters.input, parameters.output, parameters.model, task, parameters.runner, parameters.beam_options
    )
    resumed = f", {report.resumed:,} of them by an earlier run" if report.resumed else ""
    files = f"{parameters.input} → {report.output}"
    print(f"{report.rows:,} rows of {files} by {report.model}{resumed} ({report.rows_per_second:.1f} rows/s)")
    say_what_failed(report, task.done)


def say_what_failed(report: "FileReport", done: str) -> None:
    if report.failures:
        print(f"{report.failures:,} rows could not be {done}: {report.failures_file} says why", file=sys.stderr)


if __name__ == "__main__":
    cli.run(main, label="translate")
