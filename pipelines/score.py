"""Scores given translations: how probable a finished model finds each, in all and token by token.

./nmt score -P input=pairs.tsv
./nmt score -P input=pairs.jsonl -P output=scored.jsonl
"""

import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from components.errors import InputError
from components.serving.package import URI_SCHEMES
from components.tracking import check_tracking
from components.translation.formats import ending_of
from components.translation.parameters import ScoreParameters
from components.translation.tasks import Scoring
from pipelines import cli
from pipelines.translate import say_what_failed

ABOUT = "Scores given translations: how probable a finished model finds each, in all and token by token."


def main(argv: Sequence[str]) -> None:
    values = cli.parse(argv, "score", ABOUT, [ScoreParameters])
    run(cli.select(ScoreParameters, values))


def run(parameters: ScoreParameters) -> None:
    """Writes ``input`` with the scores to ``output``, or prints it.

    Raises:
        InputError: if the parameters contradict each other, or name what cannot be used.
    """
    from components.translation.file import run_file

    if not parameters.input:
        raise InputError("input: is not set, must be a file of pairs: .tsv, .jsonl or .parquet")
    if not parameters.output and ending_of(parameters.input) == ".parquet":
        raise InputError("output: is not set, but a Parquet file cannot be printed; set it, or take .tsv or .jsonl")
    if parameters.model.startswith(URI_SCHEMES):
        check_tracking()
    with tempfile.TemporaryDirectory(prefix="scores-") as folder:
        output = parameters.output or str(Path(folder, f"scores{ending_of(parameters.input)}"))
        report = run_file(
            parameters.input, output, parameters.model, Scoring(), parameters.runner, parameters.beam_options
        )
        if parameters.output:
            print(f"{report.rows:,} rows of {parameters.input} → {report.output}, scored by {report.model}")
            say_what_failed(report, Scoring.done)
            return
        print(Path(output).read_text(encoding="utf-8"), end="")
        for failure in Path(report.failures_file).read_text(encoding="utf-8").splitlines() if report.failures else ():
            found = json.loads(failure)
            print(f"line {found['line']}: {found['reason']}", file=sys.stderr)


if __name__ == "__main__":
    cli.run(main, label="score")
