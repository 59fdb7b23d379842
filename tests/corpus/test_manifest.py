"""What the manifest says of vocabularies."""

import pyarrow as pa

from components.corpus.blocks import TOKEN_COUNTS
from components.corpus.manifest import vocabulary_statistics
from components.corpus.report import RankedTokens


def ranked(counts: dict[str, int], size: int, running: int) -> RankedTokens:
    return RankedTokens(pa.record_batch([list(counts), list(counts.values())], schema=TOKEN_COUNTS), size, 9, running)


def test_coverage_grows_to_what_the_vocabulary_holds() -> None:
    found = vocabulary_statistics({"source": ranked({"the": 50, "a": 30, "dog": 10, "cat": 5}, 3, 100)})
    assert found["coverage"] == {"source": [[1, 0.5], [2, 0.8], [3, 0.9]]}
    assert found["unknown_words"] == {"source": [["cat", 5]]}


def test_few_points_show_the_coverage_of_a_vocabulary() -> None:
    size = 20_000
    tokens = pa.array(range(size)).cast(pa.string())
    block = pa.record_batch([tokens, pa.array([1] * size, pa.int64())], schema=TOKEN_COUNTS)
    (curve,) = vocabulary_statistics({"source": RankedTokens(block, size, size, size)})["coverage"].values()
    assert len(curve) <= 40
    assert curve[-1] == [size, 1.0]


def test_unknown_words_of_any_length_are_shown_in_few_letters() -> None:
    found = vocabulary_statistics({"source": ranked({"the": 3, "x" * 1_000_000: 2, "dog": 1}, 1, 6)})
    assert found["unknown_words"] == {"source": [["x" * 60 + "…", 2], ["dog", 1]]}
