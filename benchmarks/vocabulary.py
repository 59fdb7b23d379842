"""Seconds and memory of a training step by size of the vocabulary, with sampled and with full softmax.

Usage: python -m benchmarks.vocabulary [--sizes 10000,50000,200000] [--steps 20] [--precision mixed_bfloat16]

Batch, units and candidates stay the same. The ids are drawn by a Zipf distribution, as words are. Each row runs in a
process of its own, because memory that TensorFlow has once taken it keeps.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

import psutil

SIZES, FULL_SOFTMAX_UP_TO = (10_000, 50_000, 200_000), 50_000
UNITS, EMBEDDING, CANDIDATES = 512, 256, 1024
BATCH, LENGTH = 160, 25


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="vocabulary sizes, separated by commas")
    parser.add_argument("--steps", type=int, default=20, help="timed steps of each row")
    parser.add_argument("--precision", default="mixed_bfloat16", choices=("float32", "mixed_bfloat16"))
    parser.add_argument("--full-up-to", type=int, default=FULL_SOFTMAX_UP_TO, help="largest size with full softmax")
    parser.add_argument("--row", help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    if arguments.row:
        size, sampled = map(int, arguments.row.split(","))
        print(json.dumps(_measure(size, sampled, arguments.steps, arguments.precision)))
        return
    print(f"batch {BATCH} sentences of {LENGTH} + {LENGTH} ids, {UNITS} units, {arguments.precision}")
    print("vocabulary       softmax   s/step  to first  resident GiB  parameters GiB")
    sizes = [int(size) for size in arguments.sizes.split(",")]
    for sampled in (CANDIDATES, 0):
        first = None
        for size in sizes:
            if not sampled and size > arguments.full_up_to:
                print(f"{size:>10,}  {'full':>12}  left out: --full-up-to {arguments.full_up_to:,}")
                continue
            command = [
                sys.executable,
                "-m",
                __spec__.name,
                "--row",
                f"{size},{sampled}",
                "--steps",
                str(arguments.steps),
            ]
            environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
            row = json.loads(
                subprocess.run(
                    [*command, "--precision", arguments.precision],
                    env=environment,
                    check=True,
                    stdout=subprocess.PIPE,
                    text=True,
                ).stdout
            )
            first = first or row["seconds"]
            name = f"{sampled:,} sampled" if sampled else "full"
            print(
                f"{size:>10,}  {name:>12}  {row['seconds']:>7.3f}  {row['seconds'] / first:>8.2f}"
                f"  {row['resident'] / 2**30:>12.2f}  {row['parameters'] / 2**30:>14.2f}",
                flush=True,
            )


def _measure(size: int, sampled: int, steps: int, precision: str) -> dict[str, float]:
    """Median seconds of a step, resident bytes after it, and bytes of the parameters with their optimizer slots."""
    import numpy as np
    import tensorflow as tf

    from benchmarks.step import make_train_step
    from components.model.parameters import ModelParameters
    from components.model.seq2seq import Seq2Seq

    parameters = ModelParameters(embedding_size=EMBEDDING, units=UNITS, num_sampled=sampled)
    model = Seq2Seq(parameters, size, size, precision)
    train_step = make_train_step(model)

    draw = np.random.default_rng(1)
    frequency = 1 / np.arange(1, size - 3)
    seconds = []
    for step in range(steps + 3):
        ids = draw.choice(size - 4, (2, BATCH, LENGTH), p=frequency / frequency.sum()) + 4
        source = tf.constant(ids[0], tf.int32)
        target = tf.constant(
            np.pad(np.pad(ids[1], ((0, 0), (1, 0)), constant_values=2), ((0, 0), (0, 1)), constant_values=3), tf.int32
        )
        began = time.monotonic()
        float(train_step(source, target, tf.constant(step, tf.int64)))
        seconds.append(time.monotonic() - began)
    # Of each weight there are Adam's two means, too.
    weights = 3 * sum(variable.numpy().nbytes for variable in model.variables)
    return {
        "seconds": statistics.median(seconds[3:]),
        "resident": psutil.Process().memory_info().rss,
        "parameters": weights,
    }


if __name__ == "__main__":
    main(sys.argv[1:])
