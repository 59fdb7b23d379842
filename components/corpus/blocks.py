"""Blocks: some thousand sentence pairs as one Arrow record batch, the element that travels through the pipeline.

Python's cost is paid once a block rather than once a pair, and Arrow's kernels release the interpreter lock.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

BLOCK_PAIRS = 16_384
# A block is closed at this size however few its pairs are: a corpus may hold lines of a megabyte.
BLOCK_BYTES = 32 << 20

# Where a pair stands: the number of its place (a file, as the launcher listed them) and its line there, from 1.
_POSITION = (("place", pa.int32()), ("line", pa.int64()))

# What a source hands over: the two sides as they stand in the file; `fault` says why a line is no pair, if it is none.
RAW = pa.schema([*_POSITION, ("source", pa.binary()), ("target", pa.binary()), ("fault", pa.string())])
# What cleaning lets through. `key` is a hash of the source sentence, `split` an index into manifest.SPLITS.
CLEAN = pa.schema(
    [*_POSITION, ("source", pa.string()), ("target", pa.string()), ("key", pa.uint64()), ("split", pa.int8())]
)
# A line that is not kept, and the rule that says why.
REJECTED = pa.schema([*_POSITION, ("source", pa.string()), ("target", pa.string()), ("rule", pa.string())])
# A pair of the validation or test split, as it stood in the corpus.
HELD_OUT = pa.schema([*_POSITION, ("source", pa.string()), ("target", pa.string())])


def raw_block(
    first_line: int, source: pa.Array, target: pa.Array, place: int = 0, fault: pa.Array | None = None
) -> pa.RecordBatch:
    """A block of schema ``RAW`` from consecutive lines of one place."""
    lines = len(source)
    return pa.record_batch(
        [
            pa.array(np.full(lines, place, np.int32)),
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
