"""Whether a sentence is translated alike, to the bit, alone and in company: every difference is listed.

Usage: python -m benchmarks.same --model URI_OR_FOLDER --input FILE [--beam 1 5] [--batches 7 32 256]

A line of the file is a sentence. Each is translated alone, in calls of several sizes, and in calls of 2 to 64 in random
order, four at a time. The command fails if any answer differs in text, score, tokens or alignment. Models that were
packaged before batches changed nothing may differ where two continuations are all but equally probable: there it fails
if more than one sentence in a thousand has another text.
"""

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from random import Random

# Before TensorFlow comes.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from components.serving.options import TranslationOptions
from components.serving.package import load_model
from components.serving.translation import Hypothesis
from components.serving.translator import Translator

# Of models packaged before.
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
    exact = translator.settings.batch_invariant

    most = 0
    for width in arguments.beam:
        translate = partial(_best, translator, TranslationOptions(width, split_sentences=False))
        alone = [found for line in lines for found in translate([line])]
        compare = partial(_report, lines, alone, exact)
        for size in arguments.batches:
            calls = (lines[begin : begin + size] for begin in range(0, len(lines), size))
            found = [one for call in calls for one in translate(call)]
            most = max(most, compare(f"beam {width}, calls of {size}", found))
        order = Random(width).sample(range(len(lines)), len(lines))
        with ThreadPoolExecutor(4) as threads:
            mixed = threads.map(translate, _cut([lines[row] for row in order]))
            placed = dict(zip(order, (one for call in mixed for one in call), strict=True))
        most = max(most, compare(f"beam {width}, four calls at a time", [placed[row] for row in range(len(lines))]))
    if most > (0 if exact else _ALLOWED_SHARE * len(lines)):
        sys.exit(f"{most} of {len(lines)} sentences differ")


def _best(translator: Translator, options: TranslationOptions, lines: Sequence[str]) -> list[Hypothesis]:
    return [translation.hypotheses[0] for translation in translator.translate(lines, options)]


def _cut(lines: list[str]) -> Iterable[list[str]]:
    """Calls of 2 to 64 lines."""
    chance = Random(1)
    while lines:
        size = chance.randint(2, 64)
        yield lines[:size]
        lines = lines[size:]


def _report(
    lines: Sequence[str], alone: Sequence[Hypothesis], exact: bool, label: str, found: Sequence[Hypothesis]
) -> int:
    """Prints what differs; returns how many."""
    pairs = list(zip(lines, alone, found, strict=True))
    different = [(line, a, b) for line, a, b in pairs if (a != b if exact else a.text != b.text)]
    gap = max((abs(a.score - b.score) for _, a, b in pairs if a.text == b.text), default=0.0)
    print(f"{label}: {len(different)} of {len(lines):,} differ; scores of equal texts by up to {gap:.1e}", flush=True)
    for line, a, b in different:
        print(f"    {line}\n        alone {a.score:.7f}  {a.text}\n        here  {b.score:.7f}  {b.text}")
    return len(different)


if __name__ == "__main__":
    main(sys.argv[1:])
