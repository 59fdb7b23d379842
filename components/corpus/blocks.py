"""Blocks: some thousand sentence pairs as one Arrow record batch, the element that travels through the pipeline.

Python's cost is paid once a block rather than once a pair, and Arrow's kernels release the interpreter lock. The
schemas of all blocks stand here; ``pipeline.py`` shows where each of them passes.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

T = TypeVar("T")
R = TypeVar("R")

BLOCK_PAIRS = 16_384
# A block is closed at this size however few its pairs are: a corpus may hold lines of a megabyte.
BLOCK_BYTES = 32 << 20

# Where a pair stands: the index of its file in `Plan.files`, and its line there, from 1.
_POSITION = (("file", pa.int32()), ("line", pa.int64()))

# What a source hands over: the two sides as they stand in the file; `fault` says why a line is no pair, if it is none.
RAW = pa.schema([*_POSITION, ("source", pa.binary()), ("target", pa.binary()), ("fault", pa.string())])
# What cleaning lets through. `key` is a hash of the source sentence, `split` an index into manifest.GIVEN.
CLEAN = pa.schema(
    [*_POSITION, ("source", pa.string()), ("target", pa.string()), ("key", pa.uint64()), ("split", pa.int8())]
)
# A line that is not kept, and the rule that says why.
REJECTED = pa.schema([*_POSITION, ("source", pa.string()), ("target", pa.string()), ("rule", pa.string())])
# A pair of the validation or test split, as it stood in the corpus.
HELD_OUT = pa.schema([*_POSITION, ("source", pa.string()), ("target", pa.string())])
# Sentences of one side, to learn a tokenizer from.
SENTENCES = pa.schema([("hash", pa.uint64()), ("sentence", pa.string())])
# Columns of a block of pairs that become records: the split (an index into manifest.SPLITS), the low end of the length
# bucket and the word of the corpus, as in `records.Bucket`, and a list of tokens on either side. Lists of a dictionary
# type: each distinct token once, and numbers of 16 bits if there are few of them.
TOKENIZED = ("split", "low", "word", "source", "target")
# How often the tokens of one side occur.
TOKEN_COUNTS = pa.schema([("token", pa.string()), ("count", pa.int64())])
SIDES = ("source", "target")


def raw_block(
    first_line: int, source: pa.Array, target: pa.Array, file: int = 0, fault: pa.Array | None = None
) -> pa.RecordBatch:
    """A block of schema ``RAW`` from consecutive lines of one file."""
    lines = len(source)
    return pa.record_batch(
        [
            pa.array(np.full(lines, file, np.int32)),
            pa.array(np.arange(first_line, first_line + lines, dtype=np.int64)),
            source,
            target,
            pa.nulls(lines, pa.string()) if fault is None else fault,
        ],
        schema=RAW,
    )


def closed(block: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """A block of schema ``RAW`` in as many as it takes for each to be closed where it reaches ``BLOCK_BYTES``."""
    if block.nbytes < BLOCK_BYTES:
        yield block
        return
    sizes = sum(pc.binary_length(block[side]).fill_null(0).to_numpy().astype(np.int64) for side in ("source", "target"))
    before = np.cumsum(sizes) - sizes
    yield from (rows for _, rows in divide(block, before // BLOCK_BYTES))


def concatenate(blocks: Iterable[pa.RecordBatch]) -> pa.RecordBatch:
    """One block out of one or several of the same schema."""
    table = pa.Table.from_batches(list(blocks))
    if not table.num_rows:
        return pa.record_batch([pa.nulls(0, field.type) for field in table.schema], schema=table.schema)
    return table.combine_chunks().to_batches()[0]


def in_corpus_order(block: pa.RecordBatch) -> pa.RecordBatch:
    """The rows of a block by file and line."""
    return block.take(pc.sort_indices(block, [("file", "ascending"), ("line", "ascending")]))


def replace_where(
    column: pa.StringArray, rows: np.ndarray, change: Callable[[pa.StringArray], pa.StringArray]
) -> pa.StringArray:
    """The column with some of its rows (bool, shape [n]) changed."""
    if not rows.any():
        return column
    mask = pa.array(rows)
    return pc.replace_with_mask(column, mask, change(column.filter(mask)))


def divide(block: pa.RecordBatch, parts: np.ndarray) -> Iterator[tuple[int, pa.RecordBatch]]:
    """The rows of a block by the number of the part that they go to, order kept within a part.

    Args:
        block: n rows.
        parts: non-negative whole numbers, shape [n].

    Yields:
        The number of a part and its rows, for each part that has any.
    """
    if not block.num_rows:
        return
    order = np.argsort(parts, kind="stable")
    sorted_block, sorted_parts = block.take(pa.array(order)), parts[order]
    starts = np.flatnonzero(np.diff(sorted_parts, prepend=-1))
    for start, stop in zip(starts, [*starts[1:], len(parts)], strict=True):
        yield int(sorted_parts[start]), sorted_block.slice(start, stop - start)


def groups(*columns: np.ndarray) -> Iterator[tuple[tuple[int, ...], np.ndarray]]:
    """Each distinct combination of values, in order, and the rows that have it.

    Args:
        columns: non-negative whole numbers, shape [n] each.
    """
    combined = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        combined = combined * (column.max(initial=0) + 1) + column
    for value, first in zip(*np.unique(combined, return_index=True), strict=True):
        yield tuple(int(column[first]) for column in columns), np.flatnonzero(combined == value)


def spread(work: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """``work`` of each item, in order, done by several threads, such as work on both sides of a block.

    ``work`` must not call this function itself, nor count with Beam's counters, which belong to the calling thread.

    Arrow's and numpy's loops and gzip let other threads run meanwhile. This makes one worker busy on two cores where a
    second worker would not help: what Beam sends from worker to worker costs what the second one gains
    (`python -m benchmarks.prepare`, alone and with ``-- --beam_options=--direct_running_mode=multi_threading``).
    """
    return list(_threads().map(work, items))


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(len(os.sched_getaffinity(0)), thread_name_prefix="side")


# Threads do not follow into a process that is forked.
os.register_at_fork(after_in_child=_threads.cache_clear)
