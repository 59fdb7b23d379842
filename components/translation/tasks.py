"""What is done with the rows of a file: their texts are translated, or given translations of them are scored."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa

from components.serving.options import TranslationOptions
from components.serving.translation import Score, Translation
from components.serving.translator import Translator, TranslatorSettings

# Names of a row's fields, the first that is there counts: for each text of the row that the task reads.
Columns = tuple[tuple[str, ...], ...]


class Task(Protocol):
    """What the pipeline does with each row. Instances are picklable.

    ``name`` is a verb, ``done`` its participle. ``fits_text`` says whether a line of plain text has room for a result.
    """

    name: str
    done: str

    @property
    def fits_text(self) -> bool: ...

    @property
    def schema(self) -> pa.Schema:
        """The fields that JSON and Parquet get, with their types."""
        ...

    def columns(self, languages: tuple[str, str]) -> Columns:
        """Where JSON and Parquet have the texts, languages being the model's; .tsv has them in its first columns."""
        ...

    def check(self, settings: TranslatorSettings) -> None:
        """Raises InputError if the model cannot do it."""
        ...

    def run(self, translator: Translator, rows: Sequence[tuple[str, ...]]) -> Sequence[Any]:
        """The results of rows, each given by its texts."""
        ...

    def fault(self, result: Any) -> str:
        """Why a result is none; empty if it is one."""
        ...

    def values(self, result: Any) -> dict[str, Any]:
        """A result by the fields of ``schema``, in types that JSON knows."""
        ...

    def cells(self, result: Any) -> list[str]:
        """A result as further columns of a .tsv file."""
        ...

    def lines(self, number: int, result: Any) -> list[str]:
        """The lines of plain text for row ``number``, which counts from 1; the result is None for one that failed."""
        ...


@dataclass(frozen=True)
class Translating:
    """Each row's text is translated."""

    options: TranslationOptions
    name = "translate"
    done = "translated"

    @property
    def fits_text(self) -> bool:
        return not self.options.return_confidence

    @property
    def schema(self) -> pa.Schema:
        alternatives = pa.list_(pa.struct([("translation", pa.string()), ("score", pa.float64())]))
        fields = [("translation", pa.string(), True), ("alternatives", alternatives, self.options.n_best > 1)]
        fields += [(name, kind, self.options.confident) for name, kind in _CONFIDENCE]
        return pa.schema([(name, kind) for name, kind, wanted in fields if wanted])

    def columns(self, languages: tuple[str, str]) -> Columns:
        return (("text", languages[0]),)

    def check(self, settings: TranslatorSettings) -> None:
        settings.check(self.options)

    def run(self, translator: Translator, rows: Sequence[tuple[str, ...]]) -> list[Translation]:
        return translator.translate([text for (text,) in rows], self.options)

    def fault(self, result: Translation) -> str:
        return result.left_out

    def values(self, result: Translation) -> dict[str, Any]:
        record = result.record(alignment=False)
        return {name: record.get(name) for name in self.schema.names}

    def cells(self, result: Translation) -> list[str]:
        # A tab within a translation would be a column of its own.
        texts = [found.text.replace("\t", " ") for found in result.shown]
        if not self.options.confident:
            return texts
        # The confidence is the last column, however many translations were found.
        return [*texts, *[""] * (self.options.n_best - len(texts)), f"{result.confidence:.4f}"]

    def lines(self, number: int, result: Translation | None) -> list[str]:
        """A row that failed leaves an empty line: line n belongs to line n.

        With several translations, Moses' n-best list: line from 0, text, score, between triple bars.
        """
        if self.options.n_best == 1:
            return [result.text if result else ""]
        hypotheses = result.shown if result else ()
        return [f"{number - 1} ||| {found.text} ||| {found.score:.4f}" for found in hypotheses]


_CONFIDENCE = (("confidence", pa.float64()), ("warning", pa.string()))


@dataclass(frozen=True)
class Scoring:
    """Each row's translation is scored."""

    name = "score"
    done = "scored"
    fits_text = False
    schema = pa.schema(
        [
            ("score", pa.float64()),
            ("mean_score", pa.float64()),
            ("tokens", pa.list_(pa.string())),
            ("token_scores", pa.list_(pa.float64())),
            ("warning", pa.string()),
        ]
    )

    def columns(self, languages: tuple[str, str]) -> Columns:
        return ("text", languages[0]), ("translation", languages[1])

    def check(self, settings: TranslatorSettings) -> None:
        settings.check(TranslationOptions(score=True))

    def run(self, translator: Translator, rows: Sequence[tuple[str, ...]]) -> list[Score]:
        return translator.score(*zip(*rows, strict=True)) if rows else []

    def fault(self, result: Score) -> str:
        return result.fault

    def values(self, result: Score) -> dict[str, Any]:
        record = result.record()
        return {name: record.get(name) for name in self.schema.names}

    def cells(self, result: Score) -> list[str]:
        return ["", ""] if result.fault else [f"{result.total:.4f}", f"{result.mean:.4f}"]

    def lines(self, number: int, result: Score | None) -> list[str]:
        raise NotImplementedError("plain text has no room for scores")
