"""Statistics of a dataset, as data for the manifest."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from components.corpus import histograms
from components.corpus.encoding import RecordFacts
from components.corpus.tokenizing import PartitionFacts
from components.corpus.vocabulary_count import RankedTokens
from components.corpus.writing import RecordFile

# Points of the vocabulary's coverage curve.
_CURVE_POINTS = 40
# A "word" may be a megabyte of nonsense.
_SHOWN_LETTERS = 60


def gather_statistics(
    facts: Iterable[PartitionFacts],
    files: Iterable[RecordFile],
    ranked: Mapping[str, RankedTokens],
    normalized: int,
) -> dict[str, Any]:
    """Everything that is told about a dataset beyond its counts.

    Returns:
        ``lengths``: split → side → how many sentences have 0, 1, 2, … tokens; ``ratios``: split → [target tokens a
        source token, pairs]; ``unknown``: split → side → share of running tokens that the vocabulary does not hold;
        ``coverage``: side → [tokens in the vocabulary, share of running train tokens that they cover];
        ``unknown_words``: side → the most frequent of them, with occurrences; ``normalized``: lines read that
        normalization changed; ``left_out``: split → pairs of a given corpus that make no record (blank, or longer than
        ``max_length``).
    """
    lengths: dict[str, dict[str, list[np.ndarray]]] = defaultdict(lambda: defaultdict(list))
    ratios: dict[str, list[np.ndarray]] = defaultdict(list)
    left_out: Counter[str] = Counter()
    for partition in facts:
        left_out.update(partition.left_out)
        for (split, side), histogram in partition.lengths.items():
            lengths[split][side].append(histogram)
        for split, histogram in partition.ratios.items():
            ratios[split].append(histogram)
    unknown: dict[str, RecordFacts] = defaultdict(RecordFacts)
    for file in files:
        unknown[file.split] += file.facts
    return {
        "lengths": {
            split: {side: histograms.add(parts).tolist() for side, parts in sides.items()}
            for split, sides in sorted(lengths.items())
        },
        "ratios": {split: histograms.spell_ratios(histograms.add(parts)) for split, parts in sorted(ratios.items())},
        "unknown": {
            split: {
                "source": round(facts.unknown_source / facts.source_tokens, 6),
                # EOS is counted among the target's tokens and is always known.
                "target": round(facts.unknown_target / max(1, facts.target_tokens - facts.records), 6),
            }
            for split, facts in sorted(unknown.items())
        },
        "coverage": {side: _coverage(tokens) for side, tokens in ranked.items()},
        "unknown_words": {side: _unknown_words(tokens) for side, tokens in ranked.items()},
        "normalized": normalized,
        "left_out": dict(left_out),
    }


def _coverage(ranked: RankedTokens) -> list[list[float]]:
    covered = np.cumsum(ranked.counts[: ranked.size])
    if not len(covered):
        return []
    sizes = np.unique(np.geomspace(1, len(covered), _CURVE_POINTS).round().astype(int))
    return [[int(size), round(float(covered[size - 1] / ranked.running), 6)] for size in sizes]


def _unknown_words(ranked: RankedTokens) -> list[list[Any]]:
    words = zip(ranked.tokens[ranked.size :], ranked.counts[ranked.size :], strict=True)
    return [[word if len(word) <= _SHOWN_LETTERS else word[:_SHOWN_LETTERS] + "…", count] for word, count in words]
