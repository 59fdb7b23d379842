"""The page about a prepared corpus, from its manifest: what was read, what became of it, how it is distributed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.dataset.manifest import Counts, Manifest
from components.dataset.warnings import TOLERATED_OOV_RATE, oov_warnings
from components.evaluation.page import Axis, Curve, line_chart, render_page
from components.text.vocabulary import SPECIAL_TOKENS

# Ratios worth writing at the axis.
_RATIOS = {1 / 16: "1/16", 1 / 8: "1/8", 1 / 4: "1/4", 1 / 2: "1/2", 1: "1", 2: "2", 4: "4", 8: "8", 16: "16"}
SHOWN_WORDS = 20


@dataclass(frozen=True)
class Bar:
    """A row of a table: a bar over ``share`` (0 to 1) of its room, and what is written beside it."""

    label: str
    value: str
    share: float
    note: str = ""


def corpus_page(manifest: Manifest) -> str:
    """One HTML file that needs nothing else, legible from a hundred pairs to a billion."""
    statistics, splits = manifest.statistics, [split for split in manifest.splits if manifest.records(split)]
    longest = max(len(histogram) for split in splits for histogram in statistics["lengths"][split].values()) - 1
    return render_page(
        "corpus.html.j2",
        title=f"Corpus: {manifest.parameters['corpus']}",
        warnings=oov_warnings(manifest),
        counts=manifest.counts,
        facts=corpus_facts(manifest),
        fates=_fates(manifest.counts),
        normalized=statistics["normalized"],
        lengths={split: _length_chart(statistics["lengths"][split], longest) for split in splits},
        ratios=_ratio_chart({split: statistics["ratios"][split] for split in splits}),
        buckets={split: _buckets(manifest, split) for split in splits},
        coverage=_coverage_chart(statistics["coverage"]),
        tolerated=TOLERATED_OOV_RATE,
        unknown={split: statistics["unknown"][split] for split in splits},
        words={side: _words(words) for side, words in statistics.get("unknown_words", {}).items() if words},
    )


def corpus_facts(manifest: Manifest) -> dict[str, str]:
    """Label → value, for a person."""
    counts = manifest.counts
    facts = {"Read": f"{counts.read:,} lines", "Kept": f"{counts.kept:,}", "Duplicates": f"{counts.duplicates:,}"}
    if counts.rejected:
        facts["Rejected"] = ", ".join(f"{reason} {lines:,}" for reason, lines in counts.rejected.items())
    words = manifest.statistics.get("words", [])
    for word in words if len(words) > 1 or any(word["weight"] != 1 for word in words) else []:
        facts[word["word"]] = (
            f"{word['read']:,} lines, {word['kept']:,} kept, {word['train']:,} to train on; with weight"
            f" {word['weight']:g} an epoch draws {word['draws']:,}"
        )
    for split, buckets in manifest.splits.items():
        tokens = sum(bucket.target_tokens for bucket in buckets)
        facts[split.capitalize()] = f"{manifest.records(split):,} pairs, {tokens:,} target tokens"
    for side, vocabulary in manifest.vocabularies.items():
        facts[f"Vocabulary, {side} ({vocabulary.language})"] = (
            f"{vocabulary.size - len(SPECIAL_TOKENS):,} tokens, {vocabulary.distinct_tokens:,} of them seen in train"
        )
    if warnings := oov_warnings(manifest):
        facts["Warning"] = "; ".join(warnings)
    facts["Fingerprint"] = manifest.fingerprint
    return facts


def _fates(counts: Counts) -> list[Bar]:
    """What became of the lines that were not kept, the most frequent first."""
    fates = {"duplicate": counts.duplicates, **counts.rejected}
    ordered = sorted(((lines, name) for name, lines in fates.items() if lines), reverse=True)
    return [Bar(name, f"{lines:,}", lines / ordered[0][0], _share(lines / counts.read)) for lines, name in ordered]


def _share(share: float) -> str:
    return f"{share:.2%}" if share >= 0.00005 else "< 0.01%"


def _length_chart(sides: Mapping[str, Sequence[int]], longest: int) -> str:
    """Share of the sentences by tokens, a curve a side."""
    curves = {
        side: [(tokens, 100 * sentences / sum(histogram)) for tokens, sentences in enumerate(histogram)]
        for side, histogram in sides.items()
    }
    return line_chart(curves, Axis("tokens", low=0, high=longest), Axis("share of the sentences", low=0, unit=" %"))


def _ratio_chart(splits: Mapping[str, Sequence[tuple[float, int]]]) -> str:
    curves = {
        split: [(ratio, 100 * pairs / sum(pairs for _, pairs in histogram)) for ratio, pairs in histogram]
        for split, histogram in splits.items()
    }
    x = Axis("target tokens for each source token", log=True, low=0.5, high=2, ticks=_RATIOS)
    return line_chart(curves, x, Axis("share of the pairs", log=True, unit=" %"))


def _coverage_chart(sides: Mapping[str, Curve]) -> str:
    curves = {side: [(tokens, 100 * share) for tokens, share in curve] for side, curve in sides.items()}
    x = Axis("most frequent words in the vocabulary", log=True)
    return line_chart(curves, x, Axis("share of the running words", low=0, high=100, unit=" %"))


def _buckets(manifest: Manifest, split: str) -> list[Bar]:
    most = max(bucket.records for bucket in manifest.splits[split])
    return [
        Bar(
            f"{b.low}–{b.high}" + (f" of word {b.word}" if b.word else ""),
            f"{b.records:,}",
            b.records / most,
            f"{b.padding:.1%}",
        )
        for b in manifest.splits[split]
    ]


def _words(words: Sequence[tuple[str, int]]) -> list[Bar]:
    most = words[0][1]
    return [Bar(word, f"{count:,}", count / most) for word, count in words[:SHOWN_WORDS]]
