"""How to translate: what a caller may choose for each request, with bounds."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

from components.errors import InputError
from components.parameters import parameter, parse_value, valid_values

MAX_BEAM_WIDTH = 10


@dataclass(frozen=True)
class SearchOptions:
    """How to search; the same for a request, a file and a test set."""

    beam_width: int = parameter(5, "hypotheses the search keeps; 1: greedy search", minimum=1, maximum=MAX_BEAM_WIDTH)
    length_penalty: float = parameter(
        1.0, "exponent of the length penalty: 0 prefers short outputs, more prefers long ones", minimum=0, maximum=5
    )
    coverage_penalty: float = parameter(
        0.0,
        "weight of what the attention leaves out of the sentence, when the hypotheses found are ranked; 0: none",
        minimum=0,
        maximum=5,
    )


@dataclass(frozen=True)
class TranslationOptions(SearchOptions):
    """What one request may ask for; the inference parameters of the MLflow model's signature."""

    n_best: int = parameter(
        1, "translations of each text, best first; at most `beam_width`", minimum=1, maximum=MAX_BEAM_WIDTH
    )
    return_scores: bool = parameter(False, "return records with log-probabilities instead of plain texts")
    return_alignment: bool = parameter(
        False, "return records with, for each output token, the source token the attention points at"
    )
    split_sentences: bool = parameter(True, "take paragraphs apart into sentences before translating")
    return_confidence: bool = parameter(
        False, "return records with how good the translation is to be expected, from 0 to 1 (chrF / 100)"
    )
    min_confidence: float = parameter(
        0.0, "leave out a translation with less confidence, and say so in `warning`; 0: none", minimum=0, maximum=1
    )
    score: bool = parameter(
        False, "each text is a source and a translation, a tab between them: score it, translate nothing"
    )

    def __post_init__(self) -> None:
        if self.score and dataclasses.replace(self, score=False) != TranslationOptions():
            raise InputError("score: found true beside other parameters, must be alone: nothing is translated")
        if self.n_best > self.beam_width:
            raise InputError(f"n_best: found {self.n_best}, must not be above beam_width, which is {self.beam_width}")

    @property
    def plain(self) -> bool:
        """Whether the answer to a text is just a text."""
        return self.n_best == 1 and not (self.return_scores or self.return_alignment or self.confident)

    @property
    def confident(self) -> bool:
        """Whether the confidence in each translation is asked for."""
        return self.return_confidence or self.min_confidence > 0

    @classmethod
    def checked(cls, values: Mapping[str, Any]) -> "TranslationOptions":
        """The options with these values; what is missing keeps its default.

        Raises:
            InputError: on an unknown name, a value of the wrong type or one that is out of bounds.
        """
        fields = {field.name: field for field in dataclasses.fields(cls)}
        checked = {}
        for name, value in values.items():
            if name not in fields:
                raise InputError(f"{name}: no such parameter; the parameters are {', '.join(fields)}")
            field = fields[name]
            # To Python, True is a whole number: here it is none, and 1 is not true.
            if not isinstance(value, Real) or isinstance(value, bool) != (field.type is bool):
                raise InputError(f"{name}: found {value!r}, must be {valid_values(field)}")
            checked[name] = parse_value(field, str(value))
        return cls(**checked)
