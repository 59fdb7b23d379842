"""Facts about a test set and its translations that are not scores."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from components.dataset.manifest import Manifest
from components.dataset.warnings import oov_warnings
from components.serving.translation import Alignment, Translation
from components.text.codec import TextCodec
from components.text.vocabulary import SPECIAL_TOKENS, UNK

# A word is rare if it is in the less frequent half of the vocabulary, or not in it at all.
RARE_SHARE = 0.5
SHOWN_ALIGNMENTS = 4
# A heat map of a longer sentence does not fit a phone.
LONGEST_SHOWN = 20


def rare_words(sources: Sequence[str], codec: TextCodec) -> list[int]:
    """How many rare words each source has, shape [n]."""
    ids = codec.encode_source(pa.array(sources, pa.string()))
    first_rare = int(len(codec.source_vocabulary) * (1 - RARE_SHARE))
    rare = np.concatenate([[0], np.cumsum(_is_rare(ids.flatten().to_numpy(), first_rare))])
    ends = ids.offsets.to_numpy() - ids.offsets[0].as_py()
    return (rare[ends[1:]] - rare[ends[:-1]]).tolist()


def _is_rare(ids: np.ndarray, first_rare: int) -> np.ndarray:
    return (ids >= max(first_rare, len(SPECIAL_TOKENS))) | (ids == UNK)


def unknown_rate(translations: Sequence[Translation], codec: TextCodec) -> float:
    """Share of the output tokens that were ``<unk>``, whether or not a source word stands there now."""
    known = frozenset(codec.target_vocabulary.tokens) - frozenset(SPECIAL_TOKENS)
    tokens = [token for alignment in _alignments(translations) for token in alignment.target_tokens]
    return sum(token not in known for token in tokens) / max(len(tokens), 1)


def shown_alignments(translations: Sequence[Translation]) -> list[Alignment]:
    """Some sentences from all over the test set, of a length that can be shown; none without attention."""
    fit = [
        alignment
        for alignment in _alignments(translations)
        if 5 <= len(alignment.source_tokens) <= LONGEST_SHOWN
        and len(alignment.target_tokens) <= LONGEST_SHOWN
        and any(position >= 0 for position in alignment.positions)
    ]
    return fit[:: max(len(fit) // SHOWN_ALIGNMENTS, 1)][:SHOWN_ALIGNMENTS]


def corpus_facts(manifest: Manifest) -> dict[str, str]:
    """Label → value, for a person."""
    counts = manifest.counts
    facts = {"Read": f"{counts.read:,} lines", "Kept": f"{counts.kept:,}", "Duplicates": f"{counts.duplicates:,}"}
    if counts.rejected:
        facts["Rejected"] = ", ".join(f"{reason} {lines:,}" for reason, lines in counts.rejected.items())
    for split, buckets in manifest.splits.items():
        tokens = sum(bucket.target_tokens for bucket in buckets)
        facts[split.capitalize()] = f"{manifest.records(split):,} pairs, {tokens:,} target tokens"
    for side, vocabulary in manifest.vocabularies.items():
        facts[f"Vocabulary, {side} ({vocabulary.language})"] = (
            f"{vocabulary.size - len(SPECIAL_TOKENS):,} of {vocabulary.distinct_tokens:,} tokens;"
            f" {vocabulary.oov_rate:.2%} of running tokens are outside"
        )
    if warnings := oov_warnings(manifest):
        facts["Warning"] = "; ".join(warnings)
    facts["Fingerprint"] = manifest.fingerprint
    return facts


def _alignments(translations: Sequence[Translation]) -> list[Alignment]:
    return [alignment for translation in translations for alignment in translation.hypotheses[0].sentences]
