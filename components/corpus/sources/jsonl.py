"""``PATH.jsonl[.gz]``: an object a line, ``{"en": …, "fr": …}`` or ``{"translation": {"en": …, "fr": …}}``."""

import json
from dataclasses import dataclass

import pyarrow as pa

from components.corpus.blocks import raw_block
from components.corpus.files import line_arrays
from components.corpus.sources.lines import LineFile
from components.errors import InputError

NOT_A_PAIR = "no_json_pair"
TRANSLATION = "translation"
# If none of so many lines at the beginning is a pair, the file is no corpus.
_LINES_LOOKED_AT = 100


@dataclass(frozen=True)
class JsonLines(LineFile):
    """See the module. A line that is no UTF-8 is handed over as the source, and rejected for that (``not_utf8``)."""

    languages: tuple[str, str]

    @classmethod
    def parse(cls, word: str, source_language: str, target_language: str) -> "JsonLines":
        return cls(word, (source_language, target_language))

    def check(self) -> None:
        super().check()
        first = next(line_arrays(self.path), pa.array([], pa.binary()))[:_LINES_LOOKED_AT].to_pylist()
        if first and all(self._pair(line) is None for line in first):
            source, target = self.languages
            lines = f"line 1 to {len(first)}: each" if len(first) > 1 else "line 1:"
            raise InputError(
                f"{self.path}, {lines} must be an object with texts under {source!r} and {target!r}, or with an object"
                f" that has them under {TRANSLATION!r}"
            )

    def block(self, first_line: int, lines: pa.Array) -> pa.RecordBatch:
        texts = lines.to_pylist()
        pairs = [self._pair(text) for text in texts]
        # A line that is no pair is kept as it is, as the source, for `rejected/`.
        sources = [text if pair is None else pair[0] for text, pair in zip(texts, pairs, strict=True)]
        targets = [b"" if pair is None else pair[1] for pair in pairs]
        fault = pa.array([NOT_A_PAIR if pair is None else None for pair in pairs], pa.string())
        return raw_block(first_line, pa.array(sources, pa.binary()), pa.array(targets, pa.binary()), fault=fault)

    def _pair(self, line: bytes) -> tuple[bytes, bytes] | None:
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            return line, b""
        try:
            document = json.loads(text)
            document = document.get(TRANSLATION, document)
            source, target = (document[language] for language in self.languages)
            # A lone surrogate, which JSON can spell, is written as the three bytes that it never should have been: the
            # line is then rejected as not_utf8.
            return source.encode("utf-8", "surrogatepass"), target.encode("utf-8", "surrogatepass")
        except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
            return None
