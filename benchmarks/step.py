"""How close a training step comes to the machine: its products over the time they take, against a large product alone.

Usage: python -m benchmarks.step [--batch 160] [--length 13] [--vocabulary 20000] [--precision mixed_bfloat16]
           [--steps 30] [--encoder bidirectional … any parameter of the model]

Counted are the multiplications and additions of the matrix products, forward and backward, by the format that they are
made in. The ideal time is that of products of 4096 × 4096 with as many operations, measured in the same process; the
share is the ideal time over the real one.
"""

import argparse
import dataclasses
import os
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from components.errors import InputError
from components.model.layers import PRODUCT_DTYPES
from components.model.optimizer import WarmupCosine, make_optimizer
from components.model.parameters import ModelParameters
from components.model.seq2seq import Seq2Seq, effective_num_sampled
from components.parameters import parse_value
from components.training.fit import update

_LARGE, _WARM = 4096, 5


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default, about in (
        ("batch", 160, "sentences in a batch"),
        ("length", 13, "tokens of each, source and target"),
        ("vocabulary", 20_000, "tokens in each vocabulary"),
        ("steps", 30, "timed steps"),
    ):
        parser.add_argument(f"--{name}", type=int, default=default, help=f"{about} (default: {default})")
    parser.add_argument("--precision", default="mixed_bfloat16", choices=tuple(PRODUCT_DTYPES))
    for field in dataclasses.fields(ModelParameters):
        parser.add_argument(f"--{field.name}", default=field.default, help=f"of the model (default: {field.default})")
    a = parser.parse_args(argv)
    try:
        values = {
            field.name: parse_value(field, str(vars(a)[field.name])) for field in dataclasses.fields(ModelParameters)
        }
        parameters = ModelParameters(**values)
    except InputError as error:
        parser.error(str(error))
    step = make_train_step(Seq2Seq(parameters, a.vocabulary, a.vocabulary, a.precision))
    ids = np.random.default_rng(1).integers(4, a.vocabulary, (2, a.batch, a.length)).astype(np.int32)
    target = tf.constant(
        np.pad(np.pad(ids[1], ((0, 0), (1, 0)), constant_values=2), ((0, 0), (0, 1)), constant_values=3)
    )
    seconds = _median_seconds(lambda number: step(tf.constant(ids[0]), target, tf.constant(number, tf.int64)), a.steps)

    products = operations(parameters, a.vocabulary, a.batch, a.length, PRODUCT_DTYPES[a.precision])
    peaks = {dtype: _peak(dtype) for dtype in {dtype for _, dtype in products}}
    ideal = {part: count / peaks[dtype] for (part, dtype), count in products.items()}
    print(
        f"{a.batch} sentences of {a.length} tokens, {a.vocabulary:,} in each vocabulary, {a.precision};"
        f" {', '.join(f'{name} {value}' for name, value in values.items())}"
    )
    for dtype, peak in peaks.items():
        print(f"product of {_LARGE} × {_LARGE} in {dtype.name}: {peak / 1e9:,.0f} Gflop/s")
    for (part, dtype), count in products.items():
        print(f"  {part:<34} {count / 1e9:7.1f} Gflop in {dtype.name:<8}  ideal {1000 * ideal[part]:6.1f} ms")
    total = sum(ideal.values())
    print(f"a step: {1000 * seconds:.1f} ms, ideal {1000 * total:.1f} ms: {total / seconds:.0%}")
    print(f"{a.batch * (a.length + 1) / seconds:,.0f} target tokens/s")


def operations(
    p: ModelParameters, vocabulary: int, batch: int, length: int, dtype: tf.DType
) -> Counter[tuple[str, tf.DType]]:
    """Floating-point operations of a training step's products: (part, format) → number. Backward is twice forward."""
    source, target = batch * length, batch * (length + 1)
    directions = 2 if p.encoder == "bidirectional" else 1
    forward: Counter[tuple[str, tf.DType]] = Counter()
    for layer in range(p.layers):
        size = p.units if layer else p.embedding_size
        forward["encoder, inputs", dtype] += 2 * source * size * 4 * p.units
        forward["encoder, recurrence", dtype] += 2 * source * p.units * 4 * p.units // directions
        forward["decoder, inputs", dtype] += 2 * target * size * 4 * p.units
        forward["decoder, recurrence", dtype] += 2 * target * p.units * 4 * p.units
    if p.attention != "none":
        forward["attention, layers", dtype] += 2 * source * p.units**2 + 2 * target * 2 * p.units * p.units
        forward["attention, scores and contexts", tf.float32] += 2 * 2 * target * length * p.units
    if p.attention == "bahdanau":
        forward["attention, layers", dtype] += 2 * target * p.units**2
    if p.tie_embeddings:
        forward["states to embeddings", dtype] += 2 * target * p.units * p.embedding_size
    num_sampled = effective_num_sampled(p.num_sampled, vocabulary)
    # Each target's own class, and the candidates that all share.
    classes = 1 + num_sampled if num_sampled else vocabulary
    forward["softmax", tf.float32] += 2 * target * (p.embedding_size if p.tie_embeddings else p.units) * classes
    return Counter({part: 3 * count for part, count in forward.items()})


def make_train_step(model: Seq2Seq) -> Callable[..., tf.Tensor]:
    """(source, target, number of the step) → loss."""
    optimizer = make_optimizer(WarmupCosine(0.003, 100, 10_000))

    @tf.function(reduce_retracing=True)
    def train_step(source: tf.Tensor, target: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        return update(model, optimizer, source, target, 42, step, 5.0).loss

    return train_step


def _peak(dtype: tf.DType) -> float:
    """Operations per second of a large product."""
    a = tf.cast(tf.random.stateless_normal([_LARGE, _LARGE], [1, 2]), dtype)
    product = tf.function(lambda: tf.reduce_sum(tf.cast(tf.matmul(a, a), tf.float32)))
    return 2 * _LARGE**3 / _median_seconds(lambda number: product(), 10)


def _median_seconds(step: Callable[[int], tf.Tensor], steps: int) -> float:
    seconds = []
    for number in range(_WARM + steps):
        began = time.monotonic()
        float(step(number))
        seconds.append(time.monotonic() - began)
    return statistics.median(seconds[_WARM:])


if __name__ == "__main__":
    main(sys.argv[1:])
