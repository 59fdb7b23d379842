"""Tokens and their ids. The file is one token a line; the id is the line's number, from 0."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.errors import InputError

PAD, UNK, SOS, EOS = range(4)
SPECIAL_TOKENS = ("<pad>", "<unk>", "<sos>", "<eos>")


class Vocabulary:
    """The tokens of one language; ids follow falling frequency, behind the four special tokens.

    The order matters beyond looks: the log-uniform candidate sampler of sampled softmax takes the id for the rank.
    """

    def __init__(self, tokens: Sequence[str]):
        if tuple(tokens[: len(SPECIAL_TOKENS)]) != SPECIAL_TOKENS:
            raise ValueError(f"a vocabulary begins with {SPECIAL_TOKENS}, not with {tuple(tokens[:4])}")
        self.tokens = tuple(tokens)
        self._array = pa.array(self.tokens, pa.string())

    @classmethod
    def from_counts(cls, counts: Mapping[str, int], size: int, min_count: int = 1) -> "Vocabulary":
        """The ``size`` most frequent tokens (special tokens included) seen ``min_count`` times; ties by token."""
        ranked = sorted(
            (token for token, count in counts.items() if count >= min_count and token not in SPECIAL_TOKENS),
            key=lambda token: (-counts[token], token),
        )
        return cls((*SPECIAL_TOKENS, *ranked[: size - len(SPECIAL_TOKENS)]))

    def __len__(self) -> int:
        return len(self.tokens)

    def ids(self, tokens: pa.StringArray | pa.DictionaryArray) -> np.ndarray:
        """Tokens, shape [n] → int32 ids, shape [n]; ``UNK`` for what is not in the vocabulary.

        Of a dictionary array only the distinct tokens are looked up.
        """
        if isinstance(tokens, pa.DictionaryArray):
            return self.ids(tokens.dictionary)[tokens.indices.to_numpy()]
        return (
            pc.fill_null(pc.index_in(tokens, self._array), UNK)
            .to_numpy(zero_copy_only=False)
            .astype(np.int32, copy=False)
        )

    def words(self, ids: Iterable[int]) -> list[str]:
        """Ids → tokens, up to the first ``EOS``; ``PAD`` and ``SOS`` are left out."""
        words = []
        for token_id in ids:
            if token_id == EOS:
                break
            if token_id not in (PAD, SOS):
                words.append(self.tokens[token_id])
        return words

    def save(self, path: Path) -> None:
        path.write_text("\n".join(self.tokens) + "\n", encoding="utf-8", newline="\n")

    @classmethod
    def load(cls, path: Path) -> "Vocabulary":
        """Reads what :meth:`save` wrote.

        Raises:
            InputError: if the file is missing or is no vocabulary.
        """
        try:
            # Not splitlines(): a token may be U+2028 or another of Unicode's line ends.
            tokens = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
            return cls(tokens)
        except (OSError, ValueError) as error:
            raise InputError(f"vocabulary {path}: {error}") from None
