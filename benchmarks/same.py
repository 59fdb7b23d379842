"""Whether a sentence is translated alike alone and in company: every difference is listed.

Usage: python -m benchmarks.same --model URI_OR_FOLDER --input FILE [--beam 1 5] [--batches 7 32 256]

A line of the file is a sentence. Each is translated alone, in calls of several sizes, and in calls of 32 that hold long
sentences too. What differs are sums that are rounded another way; they decide where two continuations are all but
equally probable. The command fails if more than one sentence in a thousand differs in any call.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

# Before TensorFlow comes.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from components.serving.options import TranslationOptions
from components.serving.package import load_model
from components.serving.translation import Hypothesis
from components.serving.translator import Translator

_MIXED = 32
_ALLOWED_SHARE = 0.001


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="models:/NAME@ALIAS, runs:/RUN_ID/NAME or a folder")
    parser.add_argument("--input", required=True, type=Path, help="the sentences, one a line")
    parser.add_argument("--beam", type=int, nargs="+", default=[1, 5], help="beam widths (default: 1 5)")
    parser.add_argument("--batches", type=int, nargs="+", default=[7, 32, 256], help="sizes of calls (7 32 256)")
    arguments = parser.parse_args(argv)
    lines = arguments.input.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    translator = load_model(arguments.model).translator
    # Two sentences as one, which makes their batch wait.
    long = [f"{one} {other}" for one, other in zip(lines[::9], lines[1::9], strict=False)]

    most = 0
    for width in arguments.beam:
        options = TranslationOptions(width, split_sentences=False)
        alone = list(_best(translator, lines, 1, options))
        for size in arguments.batches:
            found = list(_best(translator, lines, size, options))
            most = max(most, _report(f"beam {width}, calls of {size}", lines, alone, found))
        mixed = list(_best(translator, lines, _MIXED, options, long))
        most = max(most, _report(f"beam {width}, calls of {_MIXED} with long ones", lines, alone, mixed))
    if most > _ALLOWED_SHARE * len(lines):
        sys.exit(f"{most} of {len(lines)} sentences differ, more than {_ALLOWED_SHARE:.1%}")


def _best(
    translator: Translator, lines: Sequence[str], size: int, options: TranslationOptions, others: Sequence[str] = ()
) -> Iterator[Hypothesis]:
    """The best translation of each line, translated in calls of ``size`` lines and some of the others."""
    for begin in range(0, len(lines), size):
        call = lines[begin : begin + size]
        company = others[begin // size % max(len(others), 1) :][:3]
        for translation in translator.translate([*call, *company], options)[: len(call)]:
            yield translation.hypotheses[0]


def _report(label: str, lines: Sequence[str], alone: Sequence[Hypothesis], found: Sequence[Hypothesis]) -> int:
    """Prints what differs; returns how many."""
    pairs = list(zip(lines, alone, found, strict=True))
    gap = max((abs(a.score - b.score) for _, a, b in pairs if a.text == b.text), default=0.0)
    different = [(line, a, b) for line, a, b in pairs if a.text != b.text]
    print(
        f"{label}: {len(different)} of {len(lines):,} differ; scores of the equal ones by up to {gap:.1e}", flush=True
    )
    for line, a, b in different:
        print(f"    {line}\n        alone {a.score:.5f}  {a.text}\n        here  {b.score:.5f}  {b.text}")
    return len(different)


if __name__ == "__main__":
    main(sys.argv[1:])
