"""What the reader makes of a dataset: how much of its batches is padding, and how fast it is when nobody trains.

Usage: python -m benchmarks.batches DATA_DIR … [--batch_tokens 4096] [--epochs 1]

Padding is counted as training counts it: the share of the target positions to be predicted that are behind a sentence's
end. The time to the first batch is what an epoch begins with; the rest shows how far the reader is ahead of any step.
"""

import argparse
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf

from components.dataset.manifest import Manifest
from components.training.parameters import TrainingParameters
from components.training.reader import BatchReader


@dataclass
class Epoch:
    """What was read in an epoch: ``positions`` hold ``tokens`` or padding; ``first`` seconds to the first batch."""

    batches: int = 0
    source_tokens: int = 0
    source_positions: int = 0
    target_tokens: int = 0
    target_positions: int = 0
    first: float = 0.0
    seconds: float = 0.0

    @property
    def source_padding(self) -> float:
        return 1 - self.source_tokens / self.source_positions

    @property
    def target_padding(self) -> float:
        return 1 - self.target_tokens / self.target_positions


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data_dir", nargs="+", type=Path, help="folder of a prepared dataset")
    default = TrainingParameters().batch_tokens
    parser.add_argument("--batch_tokens", type=int, default=default, help=f"as of train (default: {default})")
    parser.add_argument("--epochs", type=int, default=1, help="how many are read (default: 1)")
    arguments = parser.parse_args(argv)
    for folder in arguments.data_dir:
        for epoch in range(arguments.epochs):
            print(f"{folder}: {summary(read_epoch(folder, arguments.batch_tokens, epoch))}")


def read_epoch(folder: Path, batch_tokens: int, epoch: int = 0) -> Epoch:
    """Reads an epoch of the training split to its end, as training does."""
    seed = TrainingParameters().seed
    tf.keras.utils.set_random_seed(seed)
    reader = BatchReader(folder, Manifest.load(folder), "train", batch_tokens, seed)
    read = Epoch()
    began = time.monotonic()
    for source, target in reader.shuffled(epoch):
        read.first = read.first or time.monotonic() - began
        read.batches += 1
        # SOS is given, not predicted.
        predicted = target[:, 1:]
        read.source_tokens += int(tf.math.count_nonzero(source))
        read.source_positions += int(tf.size(source))
        read.target_tokens += int(tf.math.count_nonzero(predicted))
        read.target_positions += int(tf.size(predicted))
    read.seconds = time.monotonic() - began
    return read


def summary(read: Epoch) -> str:
    """An epoch in one line."""
    return (
        f"{read.batches:,} batches of {read.target_positions / read.batches:,.0f} target positions, of which padding"
        f" {read.target_padding:.1%} (of the source's {read.source_padding:.1%}); first after {read.first:.1f} s, all"
        f" in {read.seconds:.1f} s, {read.target_tokens / read.seconds:,.0f} target tokens/s"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
