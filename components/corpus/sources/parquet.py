"""``PATH.parquet``: columns named by language, or a struct ``translation`` with fields so named (Hugging Face)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from components.corpus.blocks import BLOCK_BYTES, BLOCK_PAIRS, closed, raw_block
from components.corpus.files import open_raw
from components.corpus.sources.source import FileSource, Range
from components.errors import InputError

NO_TEXT = "no_text"
TRANSLATION = "translation"
# Text in a Parquet file is this much smaller than unpacked, roughly.
_COMPRESSION = 2


@dataclass(frozen=True)
class ParquetFile(FileSource):
    """See the module. Each row group is a range."""

    def check(self) -> None:
        super().check()
        with open_raw(self.path) as file:
            self._columns(self._open(file).schema_arrow)

    def size(self) -> int:
        return super().size() * _COMPRESSION

    def ranges(self) -> list[Range]:
        with open_raw(self.path) as file:
            metadata = self._open(file).metadata
            rows = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
        # A file without rows has one range, too.
        return [Range(self.path, group, 1 + sum(rows[:group]), number) for group, number in enumerate(rows or [0])]

    def read(self, range_: Range) -> Iterator[pa.RecordBatch]:
        if not range_.lines:
            return
        line = range_.first_line
        with open_raw(self.path) as file:
            parquet = self._open(file)
            columns = self._columns(parquet.schema_arrow)
            for batch in self._batches(parquet, range_.start, columns):
                struct = columns == [TRANSLATION]
                source, target = (
                    pc.struct_field(batch[TRANSLATION], language) if struct else batch[language]
                    for language in self.languages
                )
                missing = pc.or_(pc.is_null(source), pc.is_null(target))
                fault = pc.if_else(missing, NO_TEXT, pa.scalar(None, pa.string()))
                yield from closed(raw_block(line, source.cast(pa.binary()), target.cast(pa.binary()), fault=fault))
                line += batch.num_rows

    def _batches(self, parquet, group: int, columns: list[str]) -> Iterator[pa.RecordBatch]:  # type: ignore[no-untyped-def]
        # Roughly: some rows may be larger than others, and of what repeats itself a file may hold one only.
        held = parquet.metadata.row_group(group)
        rows = min(max(BLOCK_BYTES * held.num_rows // max(held.total_byte_size, 1), 1), BLOCK_PAIRS)
        try:
            yield from parquet.iter_batches(rows, row_groups=[group], columns=columns)
        except (pa.ArrowException, OSError) as error:
            raise InputError(f"{self.path}, row group {group} is damaged ({_one_line(error)})") from None

    def _open(self, file: BinaryIO):  # type: ignore[no-untyped-def]  # The class is imported late, with its library.
        import pyarrow.parquet

        try:
            return pyarrow.parquet.ParquetFile(file)
        except (pa.ArrowException, OSError) as error:
            raise InputError(
                f"{self.path} is no Parquet file, or a damaged or truncated one ({_one_line(error)})"
            ) from None

    def _columns(self, schema: pa.Schema) -> list[str]:
        """The columns to read.

        Raises:
            InputError: if the file has neither the languages nor a struct of them, as texts.
        """
        holders = [("", schema)]
        if TRANSLATION in schema.names and pa.types.is_struct(schema.field(TRANSLATION).type):
            holders.insert(0, (TRANSLATION, pa.schema(list(schema.field(TRANSLATION).type))))
        for name, fields in holders:
            if all(language in fields.names and _is_text(fields.field(language).type) for language in self.languages):
                return [name] if name else list(self.languages)
        source, target = self.languages
        raise InputError(
            f"{self.path} has the columns {', '.join(schema.names)}; must have texts in {source!r} and {target!r},"
            f" or in a struct {TRANSLATION!r} with these fields"
        )


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
