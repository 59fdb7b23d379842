"""What comes out of translating a text: translations, scores, alignments. Data only."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Alignment:
    """Of one sentence: its tokens, the tokens of its translation, and which of the former each of the latter saw most.

    ``positions`` has an entry for each target token: an index into ``source_tokens``, or -1 where the model has no
    attention. ``target_ids`` are what the model said: that of ``<unk>`` where the target token was copied.
    """

    source_tokens: tuple[str, ...]
    target_tokens: tuple[str, ...]
    positions: tuple[int, ...]
    target_ids: tuple[int, ...]


@dataclass(frozen=True)
class Hypothesis:
    """One way to translate a text.

    ``score`` is the natural logarithm of its probability, summed over the sentences of the text; ``sentences`` says
    how the words correspond, sentence by sentence.
    """

    text: str
    score: float
    sentences: tuple[Alignment, ...] = ()


@dataclass(frozen=True)
class Translation:
    """The translations of one text, best first; at least one."""

    hypotheses: tuple[Hypothesis, ...]

    @property
    def text(self) -> str:
        return self.hypotheses[0].text

    def alternatives(self) -> list[dict[str, Any]]:
        """All of them with their scores, in types that JSON knows."""
        return [{"translation": found.text, "score": found.score} for found in self.hypotheses]

    def record(self, alignment: bool) -> dict[str, Any]:
        """The same in types that JSON knows: ``translation``, ``score``, ``alternatives`` (the best one is the first).

        Args:
            alignment: with ``alignment``, a list of sentences, each with ``source``, ``target`` and ``positions``.
        """
        best = self.hypotheses[0]
        record: dict[str, Any] = {
            "translation": best.text,
            "score": best.score,
            "alternatives": self.alternatives(),
        }
        if alignment:
            record["alignment"] = [
                {
                    "source": list(sentence.source_tokens),
                    "target": list(sentence.target_tokens),
                    "positions": list(sentence.positions),
                }
                for sentence in best.sentences
            ]
        return record
