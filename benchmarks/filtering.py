"""How many wrong pairs `filter_model` finds: a share of a corpus' target lines is shuffled, and as many are dropped.

Usage: python -m benchmarks.filtering --model URI_OR_FOLDER [--model …] --corpus TRAIN.en TRAIN.fr [--share 0.2]
           [--pairs 0] [--seed 1]

Prints which share of the shuffled pairs is among those that `prepare` rejects as improbable. Shuffled pairs that other
rules take are left out of both.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

# Before TensorFlow comes.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from components.corpus.parameters import PrepareParameters
from pipelines import prepare


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, action="append", help="models:/NAME@ALIAS, … or a folder")
    parser.add_argument("--corpus", required=True, nargs=2, type=Path, help="the two sides, a line a sentence")
    parser.add_argument("--share", type=float, default=0.2, help="share of the target lines to shuffle (default: 0.2)")
    parser.add_argument("--pairs", type=int, default=0, help="pairs to take from the beginning (default: 0, all)")
    parser.add_argument("--seed", type=int, default=1, help="of the shuffling (default: 1)")
    arguments = parser.parse_args(argv)
    source, target = (path.read_text(encoding="utf-8").splitlines() for path in arguments.corpus)
    source, target = source[: arguments.pairs or None], target[: arguments.pairs or None]
    random = np.random.default_rng(arguments.seed)
    chosen = random.choice(len(source), round(arguments.share * len(source)), replace=False)
    # Each goes to the next of them: none stays where it was.
    shuffled = dict(zip(chosen.tolist(), np.roll(chosen, 1).tolist(), strict=True))
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder}/mlflow.db"
        corpus = Path(folder, "corpus.tsv")
        lines = (f"{text}\t{target[shuffled.get(row, row)]}\n" for row, text in enumerate(source))
        corpus.write_text("".join(lines), encoding="utf-8")
        parameters = PrepareParameters(
            corpus=str(corpus),
            data_dir=f"{folder}/data",
            validation_share=0,
            test_share=0,
            filter_model=" ".join(arguments.model),
            filter_share=1 - arguments.share,
        )
        began = time.monotonic()
        prepare.run(parameters)
        seconds = time.monotonic() - began
        rejected = [json.loads(line) for path in Path(folder, "data/rejected").glob("*") for line in path.open()]
    lost = {line["line"] - 1 for line in rejected if line["rule"] != "improbable"}
    dropped = {line["line"] - 1 for line in rejected if line["rule"] == "improbable"}
    wrong = {row for row, other in shuffled.items() if target[row] != target[other]} - lost
    found = len(dropped & wrong)
    speed = len(source) / seconds
    print(f"{len(source):,} pairs at {speed:,.0f} a second, {len(wrong):,} of them wrong; {len(dropped):,} dropped")
    print(f"{found:,} of the wrong ones are among these: {found / len(wrong):.1%}")


if __name__ == "__main__":
    main(sys.argv[1:])
