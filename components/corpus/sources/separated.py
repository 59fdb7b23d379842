"""``PATH.tsv`` and ``PATH.txt[.gz]``: ``english<TAB>french[<TAB>anything]``, as Tatoeba and ManyThings write them.

The columns have no names. Where one of the languages is English it is the first column, as in all those files;
otherwise the first column is the source.
"""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from components.corpus.blocks import raw_block
from components.corpus.sources.lines import LineFile

NOT_A_PAIR = "no_tab"


@dataclass(frozen=True)
class SeparatedFile(LineFile):
    """See the module."""

    source_first: bool

    @classmethod
    def parse(cls, word: str, source_language: str, target_language: str) -> "SeparatedFile":
        return cls(word, source_first=target_language != "en")

    def block(self, first_line: int, lines: pa.Array) -> pa.RecordBatch:
        columns = pc.split_pattern(lines, "\t", max_splits=2)
        whole = pc.greater_equal(pc.list_value_length(columns), 2)
        # A line without a tab is kept as it is, as the first column, for `rejected/`.
        columns = pc.if_else(whole, columns, pc.split_pattern(pc.binary_join_element_wise(lines, b"", b"\t"), "\t"))
        first, second = pc.list_element(columns, 0), pc.list_element(columns, 1)
        fault = pc.if_else(whole, pa.scalar(None, pa.string()), NOT_A_PAIR)
        sides = (first, second) if self.source_first else (second, first)
        return raw_block(first_line, *sides, fault=fault)
