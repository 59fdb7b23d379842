"""Sentences into what stands between their blanks."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def split_at_blanks(text: pa.StringArray) -> pa.ListArray:
    """Sentences, shape [n] → what stands between blanks, shape [n, (words)]; no word is empty."""
    words = pc.split_pattern(text, " ")
    flat = words.flatten()
    full = pc.not_equal(flat, "").to_numpy(zero_copy_only=False)
    if full.all():
        return words
    kept = np.concatenate([[0], np.cumsum(full, dtype=np.int32)])
    offsets = kept[words.offsets.to_numpy() - words.offsets[0].as_py()].astype(np.int32)
    return pa.ListArray.from_arrays(offsets, flat.filter(pa.array(full)))
