"""A text file through the pipeline of `translate` against the model alone: rows per second, loading excluded.

Usage: python -m benchmarks.translate --model URI_OR_FOLDER --input FILE [--rows 20000] [--beam 1] [--repetitions 3]
           [--runner DirectRunner] [--beam_options …]

The model alone is a translator in this process that is given as many rows at once as a part of a file has. What the
pipeline takes for a file of one row (starting Beam, loading the model, the first call) is subtracted from what it takes
for all of them. The two run in turn, so that what else the machine does meets both; CPU time says more on a busy one.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

# Before TensorFlow comes.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from components.serving.options import TranslationOptions
from components.serving.package import find_model
from components.serving.translator import Translator
from components.translation.file import RANGE_ROWS, run_file
from components.translation.tasks import Translating


@dataclass(frozen=True)
class Spent:
    """Seconds of wall time, and of CPU over all threads of this process."""

    wall: float
    cpu: float

    def __sub__(self, other: "Spent") -> "Spent":
        return Spent(self.wall - other.wall, self.cpu - other.cpu)


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="models:/NAME@ALIAS, runs:/RUN_ID/NAME or a folder")
    parser.add_argument("--input", required=True, type=Path, help="the text, a row a line")
    parser.add_argument("--rows", type=int, default=20_000, help="rows of it to translate (default: 20000)")
    parser.add_argument("--beam", type=int, default=1, help="beam width (default: 1)")
    parser.add_argument("--repetitions", type=int, default=3, help="runs of each side (default: 3)")
    parser.add_argument("--runner", default="DirectRunner", help="default: DirectRunner")
    parser.add_argument("--beam_options", default="", help="further Beam options, as one string")
    arguments = parser.parse_args(argv)
    with arguments.input.open(encoding="utf-8") as file:
        rows = [line.removesuffix("\n") for line in islice(file, arguments.rows)]
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        _compare(arguments, rows, Path(folder))


def _compare(arguments: argparse.Namespace, rows: list[str], folder: Path) -> None:
    options = TranslationOptions(beam_width=arguments.beam)
    found = find_model(arguments.model)
    translator = Translator.load(found.saved_model, found.codec_folder)

    def alone(rows: list[str]) -> None:
        for begin in range(0, len(rows), RANGE_ROWS):
            translator.translate(rows[begin : begin + RANGE_ROWS], options)

    def through_beam(rows: list[str]) -> None:
        source = folder / "in"
        source.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
        chosen = str(found.folder), Translating(options), arguments.runner, arguments.beam_options
        run_file(str(source), str(folder / "out"), *chosen)

    for work in (alone, through_beam):
        work(rows[:1])  # Imports, and graphs that are prepared at the first call.
    print(f"{found.label}: {len(rows):,} rows, beam {arguments.beam}, {arguments.repetitions} repetitions in turn")
    shares = []
    for _ in range(arguments.repetitions):
        model = _spent(lambda: alone(rows))
        started = _spent(lambda: through_beam(rows[:1]))
        pipeline = _spent(lambda: through_beam(rows)) - started
        shares.append((model.wall / pipeline.wall, model.cpu / pipeline.cpu))
        print(
            f"    model alone {_row(rows, model)}; {arguments.runner} {_row(rows, pipeline)},"
            f" and {started.wall:.1f} s to start; share {shares[-1][0]:.1%}, of CPU time {shares[-1][1]:.1%}",
            flush=True,
        )
    wall, cpu = (statistics.median(column) for column in zip(*shares, strict=True))
    print(f"translate reaches {wall:.1%} of the model's speed; by CPU time {cpu:.1%} (medians)")


def _row(rows: list[str], spent: Spent) -> str:
    return f"{len(rows) / spent.wall:,.1f} rows/s ({spent.wall:.1f} s, {spent.cpu:.1f} s of CPU)"


def _spent(work: Callable[[], None]) -> Spent:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Spent(time.perf_counter() - wall, time.process_time() - cpu)


if __name__ == "__main__":
    main(sys.argv[1:])
