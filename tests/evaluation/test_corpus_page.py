"""The page about a corpus, from manifests of any size."""

import re
from typing import Any

import pytest

from components.dataset.manifest import BucketRecords, Counts, HeldOut, Manifest, VocabularyFacts
from components.dataset.warnings import oov_warnings
from components.evaluation.corpus_page import corpus_facts, corpus_page
from tests.evaluation.pages import check_page

HOSTILE = "<script>alert('$x$')</script>"


def manifest(
    pairs: int = 1000, splits: tuple[str, ...] = ("train", "validation", "test"), **statistics: Any
) -> Manifest:
    """That of a corpus of so many pairs in each of the splits, and as many duplicates."""
    bucket = BucketRecords(1, 6, ("a",), 9, pairs, 4 * pairs, 5 * pairs, 0.125)
    sides = {"source": [0, pairs // 2, pairs - pairs // 2], "target": [0, 0, pairs]}
    words = {side: [[HOSTILE, 7], ["x" * 60 + "…", 3]] for side in ("source", "target")}
    known = {
        "lengths": dict.fromkeys(splits, sides),
        "ratios": {key: [[0.5, 1], [1.0, pairs]] for key in splits},
        "unknown": {key: {"source": 0.01, "target": 0.02} for key in splits},
        "coverage": {side: [[1, 0.1], [40, 0.98]] for side in ("source", "target")},
        "unknown_words": words,
        "normalized": 3,
        "left_out": {},
        **statistics,
    }
    kept = pairs * len(splits)
    return Manifest(
        key="k",
        fingerprint="f" * 64,
        parameters={"corpus": HOSTILE, "vocab_size": 44, "min_count": 2},
        counts=Counts(kept + 2 * pairs + 1, kept, 2 * pairs, {"too_long": 1}),
        splits={split: (bucket,) if split in splits else () for split in ("train", "validation", "test")},
        vocabularies={
            "source": VocabularyFacts("en", 50_000, 44, 0.01),
            "target": VocabularyFacts("fr", 60_000, 44, 0.02),
        },
        heldout={split: HeldOut("a", pairs, "d", False) for split in ("validation", "test")},
        statistics=known,
    )


@pytest.mark.parametrize("pairs", [1, 1000, 40_000_000])
@pytest.mark.parametrize("splits", [("train",), ("train", "test"), ("train", "validation", "test")])
def test_it_is_whole_for_any_size_and_split(pairs: int, splits: tuple[str, ...]) -> None:
    page = corpus_page(manifest(pairs, splits))
    check_page(page)
    assert page.count("<svg") == len(splits) + 2
    assert f"{pairs * len(splits):,}" in page
    assert len(page) < 50_000


def test_it_shows_each_statistic() -> None:
    page = corpus_page(manifest())
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    for heading in ("Sentence lengths", "Length ratio", "Buckets", "Coverage of train", "Unknown words"):
        assert heading in text
    for row in ("duplicate 2,000 39.99%", "too_long 1 0.02%", "1–6 1,000 12.5%", "train 1.00 % 2.00 %", "3 lines were"):
        assert row in text
    assert "Most frequent words of train that" in text
    assert "alert(" in text


def test_nothing_dropped_and_nothing_unknown_is_said_too() -> None:
    whole = manifest(unknown_words={"source": [], "target": []})
    counts = Counts(3000, 3000, 0, {})
    page = corpus_page(Manifest(**{**whole.__dict__, "counts": counts}))
    assert "None." in page
    assert "does not hold" not in page


def test_where_every_token_is_known_no_words_are_listed() -> None:
    whole = manifest()
    statistics = {name: value for name, value in whole.statistics.items() if name != "unknown_words"}
    vocabularies = {"source": VocabularyFacts("en", 30, 44, 0.0), "target": VocabularyFacts("fr", 25, 44, 0.0)}
    whole = Manifest(**{**whole.__dict__, "statistics": statistics, "vocabularies": vocabularies})
    page = corpus_page(whole)
    check_page(page)
    assert "Most frequent words of train that" not in page
    assert corpus_facts(whole)["Vocabulary, source (en)"] == "40 tokens, 30 of them seen in train"


def unknown(train: float, test: float, target: float = 0.0) -> dict[str, dict[str, float]]:
    return {"train": {"source": train, "target": target}, "test": {"source": test, "target": target}}


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        (unknown(0.05, 0.05), []),
        (
            unknown(0.0512, 0.06),
            [r"source vocabulary \(en\) does not hold 5.1% of train, 6.0% of test, .* vocab_size above 44 .*50,000"],
        ),
        (unknown(0.04, 0.06), [r"does not hold 6.0% of test, in running words; set vocab_size above 44"]),
        (unknown(0, 0.06), [r"6.0% of test, .* it holds all that train has: a larger corpus would help"]),
        (unknown(0.06, 0.06, 0.06), [r"source .*vocab_size", r"target vocabulary \(fr\) .*vocab_size"]),
    ],
)
def test_more_than_five_percent_unknown_is_warned_of(shares: dict[str, Any], expected: list[str]) -> None:
    warnings = oov_warnings(manifest(splits=("train", "test"), unknown=shares))
    assert len(warnings) == len(expected)
    assert all(re.search(pattern, warning) for pattern, warning in zip(expected, warnings, strict=True))
    page = corpus_page(manifest(splits=("train", "test"), unknown=shares))
    assert page.count('class="warning"') == len(expected)


def test_where_rare_words_were_left_out_min_count_is_named() -> None:
    whole = manifest(splits=("train", "test"), unknown=unknown(0.06, 0.06))
    parameters = {**whole.parameters, "vocab_size": 45}
    (warning,) = oov_warnings(Manifest(**{**whole.__dict__, "parameters": parameters}))
    assert warning.endswith("set min_count below 2")
