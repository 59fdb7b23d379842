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


@dataclass(frozen=True)
class JsonLines(LineFile):
    """See the module."""

    languages: tuple[str, str]

    @classmethod
    def parse(cls, word: str, source_language: str, target_language: str) -> "JsonLines":
        return cls(word, (source_language, target_language))

    def check(self) -> None:
        super().check()
        first = next(line_arrays(self.path), None)
        if first is not None and self._pair(first[0].as_py()) is None:
            source, target = self.languages
            raise InputError(
                f"{self.path}, line 1: must be an object with texts under {source!r} and {target!r}, or with an object"
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
            document = json.loads(line)
            document = document.get(TRANSLATION, document)
            source, target = (document[language] for language in self.languages)
            # A lone surrogate, which JSON can spell, is written as the three bytes that it never should have been: the
            # line is then rejected as not_utf8.
            return source.encode("utf-8", "surrogatepass"), target.encode("utf-8", "surrogatepass")
        except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
            return None
