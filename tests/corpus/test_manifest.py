"""What the manifest says of vocabularies."""

import pyarrow as pa

from components.corpus.blocks import TOKEN_COUNTS
from components.corpus.manifest import vocabulary_statistics
from components.corpus.report import RankedTokens


def ranked(counts: dict[str, int]) -> RankedTokens:
    return RankedTokens(pa.record_batch([list(counts), list(counts.values())], schema=TOKEN_COUNTS))


def test_coverage_grows_with_the_vocabulary_to_all_of_the_train_split() -> None:
    found = vocabulary_statistics({"source": ranked({"the": 50, "a": 30, "dog": 20, "￭-": 0})})
    assert found == {"coverage": {"source": [[1, 0.5], [2, 0.8], [3, 1.0], [4, 1.0]]}}


def test_of_a_corpus_without_a_token_nothing_is_covered() -> None:
    assert vocabulary_statistics({"source": ranked({"a": 0}), "target": ranked({})}) == {
        "coverage": {"source": [], "target": []}
    }


def test_few_points_show_the_coverage_of_a_vocabulary() -> None:
    size = 20_000
    (curve,) = vocabulary_statistics({"source": ranked(dict.fromkeys(map(str, range(size)), 1))})["coverage"].values()
    assert len(curve) <= 40
    assert curve[-1] == [size, 1.0]
