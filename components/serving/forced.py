"""What the model says about given outputs, many of them at once: forced decoding in batches.

Only pairs whose sources have the same padded length share a batch: what the model says about a pair does not depend on
the others.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from components.serving.batching import padded_length
from components.text.vocabulary import PAD

# source int32 [batch, source length], padded with 0; target int32 [batch, length], without SOS, with EOS, padded with 0
# → "log_probabilities" and "entropies" float32 [batch, length], "attended" float32 [batch, source length].
Force = Callable[[np.ndarray, np.ndarray], Mapping[str, np.ndarray]]
# The largest batch, in pairs, and in positions of the longer side (rows × longest row).
BATCH_ROWS, BATCH_POSITIONS = 256, 8192


@dataclass(frozen=True)
class Forced:
    """What the model says about one given output, in nats.

    ``log_probabilities`` float32 [ids] of each id, EOS the last of them; ``entropies`` float32 [ids] of the
    distributions that they are from; ``attended`` float32 [source ids]: the attention that each got in all, in the
    order in which the model reads; zeros without attention.
    """

    log_probabilities: np.ndarray
    entropies: np.ndarray
    attended: np.ndarray


def force_all(force: Force, sources: pa.ListArray, targets: pa.ListArray) -> list[Forced]:
    """What the model says about outputs, in their order.

    Args:
        force: forced decoding of one batch.
        sources: ids, shape [n, (ids)]; none is empty.
        targets: ids, SOS … EOS, shape [n, (ids)].
    """
    if not len(sources):
        return []
    sides = [np.split(side.values.to_numpy(), side.offsets.to_numpy()[1:-1]) for side in (sources, targets)]
    forced: dict[int, Forced] = {}

    def run(rows: list[int]) -> Mapping[str, np.ndarray]:
        return force(*(_padded([side[row][first:] for row in rows]) for side, first in zip(sides, (0, 1), strict=True)))

    batches = list(_batches(*([len(ids) for ids in side] for side in sides)))
    # A thread for each core: TensorFlow would use several for one batch, but only while it multiplies.
    with ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="force") as threads:
        outputs = threads.map(run, batches) if len(batches) > 1 else map(run, batches)
        for rows, found in zip(batches, outputs, strict=True):
            for index, row in enumerate(rows):
                read, said = len(sides[0][row]), len(sides[1][row]) - 1
                forced[row] = Forced(
                    found["log_probabilities"][index, :said],
                    found["entropies"][index, :said],
                    found["attended"][index, :read],
                )
    return [forced[row] for row in range(len(sources))]


def _batches(read: list[int], said: list[int]) -> Iterator[list[int]]:
    """Rows with so many ids a side in batches: those of a padded source length, by falling length of the target."""
    groups = defaultdict(list)
    for row in sorted(range(len(read)), key=lambda row: -said[row]):
        groups[padded_length(read[row])].append(row)
    for length, rows in groups.items():
        while rows:
            count = min(BATCH_ROWS, max(BATCH_POSITIONS // max(length, said[rows[0]]), 1))
            yield rows[:count]
            rows = rows[count:]


def _padded(ids: list[np.ndarray]) -> np.ndarray:
    """Int32 [rows, padded length of the longest], padded with 0."""
    padded = np.full((len(ids), padded_length(max(map(len, ids)))), PAD, np.int32)
    for row, values in zip(padded, ids, strict=True):
        row[: len(values)] = values
    return padded


def force_of(exported: Any) -> Force | None:
    """The ``score`` function of a SavedModel that is loaded; None if it was exported without one."""
    import tensorflow as tf

    if not hasattr(exported, "score"):
        return None

    def force(source: np.ndarray, target: np.ndarray) -> Mapping[str, np.ndarray]:
        found = exported.score(tf.constant(source, tf.int32), tf.constant(target, tf.int32))
        return {key: value.numpy() for key, value in found.items()}

    return force
