"""Parquet files: the text is a column; the translations become another one."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from components.corpus.files import open_raw
from components.errors import InputError
from components.serving.translation import Translation
from components.translation.rows import Part, Row

TRANSLATION, ALTERNATIVES = "translation", "alternatives"
_ALTERNATIVES_TYPE = pa.list_(pa.struct([("translation", pa.string()), ("score", pa.float64())]))


class Parquet:
    """The text is in the column ``text``, or in one named after the source language."""

    def __init__(self, n_best: int, language: str):
        self._n_best = n_best
        self._columns = ("text", language)

    def parts(self, source: str, rows: int) -> Iterator[Part]:
        """A part lies within one row group; ``offset`` is the group's number."""
        try:
            file = _opened(source)
        except pa.ArrowInvalid as error:
            raise InputError(f"input: {source} is no Parquet file: {error}") from None
        self._column(source, file.schema_arrow)
        first_row, index = 1, 0
        for group in range(file.num_row_groups):
            in_group = file.metadata.row_group(group).num_rows
            for begin in range(0, in_group, rows):
                yield Part(index, first_row + begin, min(rows, in_group - begin), group)
                index += 1
            first_row += in_group
        if not index:
            yield Part(0, 1, 0, 0)

    def read(self, source: str, part: Part) -> list[Row]:
        file = _opened(source)
        column = self._column(source, file.schema_arrow)
        texts = _table(file, part, [column]).column(column).to_pylist()
        return [
            Row(part.first_row + index, text, text or "", "" if text is not None else "has no text")
            for index, text in enumerate(texts)
        ]

    def write(self, source: str, part: Part, found: Sequence[Translation | None], target: Path) -> None:
        """Rows that failed have a null in the new columns."""
        table = _table(_opened(source), part)
        texts = [translation.text if translation else None for translation in found]
        table = table.append_column(TRANSLATION, pa.array(texts, pa.string()))
        if self._n_best > 1:
            lists = [translation.alternatives() if translation else None for translation in found]
            table = table.append_column(ALTERNATIVES, pa.array(lists, _ALTERNATIVES_TYPE))
        pq.write_table(table, target)

    def merge(self, parts: Iterable[Path], path: Path) -> None:
        writer = None
        try:
            for part in parts:
                table = pq.read_table(part)
                writer = writer or pq.ParquetWriter(path, table.schema)
                writer.write_table(table)
        finally:
            if writer:
                writer.close()

    def _column(self, source: str, schema: pa.Schema) -> str:
        for name in self._columns:
            if name in schema.names:
                kind = schema.field(name).type
                if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
                    raise InputError(f"input: the column {name} of {source} holds {kind}, must be string")
                if {TRANSLATION, ALTERNATIVES} & set(schema.names):
                    raise InputError(f"input: {source} has a column {TRANSLATION} or {ALTERNATIVES} already")
                return name
        found, wanted = ", ".join(schema.names), " or ".join(self._columns)
        raise InputError(f"input: {source} has the columns {found}, must have {wanted} with the text")


def _table(file: pq.ParquetFile, part: Part, columns: list[str] | None = None) -> pa.Table:
    """The rows of a part, with all columns or with some."""
    if not part.rows:
        return file.schema_arrow.empty_table()
    before = sum(file.metadata.row_group(group).num_rows for group in range(part.offset))
    return file.read_row_group(part.offset, columns).slice(part.first_row - 1 - before, part.rows)


def _opened(source: str) -> pq.ParquetFile:
    return pq.ParquetFile(open_raw(source))
