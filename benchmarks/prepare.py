"""Preparing a corpus, whole command against whole command: seconds, pairs per second and memory.

Usage: python -m benchmarks.prepare --corpus PATH.{en,fr}[.gz] [--baseline 'COMMAND {source} {target} {output}']
           [--repetitions 3] [--copies 4] [-- PARAMETERS OF pipelines.prepare]

Both commands run in turn, so that what else the machine does meets both. ``--copies`` makes a larger corpus of the
given one: each sentence of a copy ends in the copy's number, so that no pair is a duplicate of another's.
"""

import argparse
import gzip
import os
import re
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.processes import Measured, measure


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", required=True, help="two aligned files, PATH.{en,fr}[.gz]")
    parser.add_argument("--baseline", help="another command that prepares, with {source}, {target} and {output}")
    parser.add_argument("--repetitions", type=int, default=3, help="runs of each command (default: 3)")
    parser.add_argument("--copies", type=int, default=1, help="times that the corpus is repeated (default: 1)")
    parser.add_argument("parameters", nargs="*", help="further parameters of pipelines.prepare, behind --")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        _compare(arguments, Path(folder))


def _compare(arguments: argparse.Namespace, folder: Path) -> None:
    files = [Path(file) for file in _braces(arguments.corpus)]
    if arguments.copies > 1:
        files = [
            _copied(file, arguments.copies, folder / f"copies.{side}")
            for side, file in zip(("source", "target"), files, strict=True)
        ]
    lines = sum(1 for _ in _lines(files[0]))
    output = folder / "output"
    ours = [sys.executable, "-m", "pipelines.prepare", "--corpus", _formatted(files, folder), "--data_dir", str(output)]
    commands = {"pipelines.prepare": [*ours, *arguments.parameters]}
    if arguments.baseline:
        source, target = map(str, files)
        filled = arguments.baseline.format(source=source, target=target, output=output)
        commands["baseline"] = shlex.split(filled)
    environment = {**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db"}
    # A new store takes seconds to make, once and for all.
    subprocess.run([sys.executable, "-c", "import mlflow; mlflow.search_runs()"], env=environment, check=True)

    print(f"{lines:,} pairs, {arguments.repetitions} repetitions in turn; medians")
    measured: dict[str, list[Measured]] = {name: [] for name in commands}
    for _ in range(arguments.repetitions):
        for name, command in commands.items():
            measured[name].append(measure(command, environment))
            shutil.rmtree(output)
            print(f"    {name}: {_row(measured[name][-1:], lines)}", flush=True)
    for name, runs in measured.items():
        print(f"{name}: {_row(runs, lines)}")
    if arguments.baseline:
        ratios = [b.seconds / a.seconds for a, b in zip(*measured.values(), strict=True)]
        print(f"speed against the baseline: {statistics.median(ratios):.2f} ({', '.join(f'{r:.2f}' for r in ratios)})")


def _row(runs: list[Measured], lines: int) -> str:
    seconds = statistics.median(run.seconds for run in runs)
    cpu = statistics.median(run.cpu_seconds for run in runs)
    peak = statistics.median(run.peak_bytes for run in runs)
    return f"{seconds:.2f} s ({cpu:.2f} s of CPU), {lines / seconds:,.0f} pairs/s, peak {peak / 2**30:.2f} GiB"


def _braces(corpus: str) -> tuple[str, str]:
    found = re.fullmatch(r"(.*)\{([^,{}]+),([^,{}]+)\}(.*)", corpus)
    if not found:
        sys.exit(f"--corpus: found {corpus!r}, must be two aligned files, PATH.{{en,fr}}[.gz]")
    head, source, target, tail = found.groups()
    return f"{head}{source}{tail}", f"{head}{target}{tail}"


def _formatted(files: list[Path], folder: Path) -> str:
    """The two files as one word, by links whose names differ in the language only."""
    ending = ".gz" if files[0].suffix == ".gz" else ""
    for file, language in zip(files, ("en", "fr"), strict=True):
        (folder / f"corpus.{language}{ending}").symlink_to(file.resolve())
    return f"{folder}/corpus.{{en,fr}}{ending}"


def _lines(file: Path) -> Iterator[bytes]:
    with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as opened:
        yield from opened


def _copied(file: Path, copies: int, to: Path) -> Path:
    with to.open("wb") as written:
        for copy in range(copies):
            mark = f" {copy}" if copy else ""
            written.writelines(line.rstrip(b"\n") + mark.encode() + b"\n" for line in _lines(file))
    return to


if __name__ == "__main__":
    main(sys.argv[1:])
