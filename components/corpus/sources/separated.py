"""``PATH.tsv[:COLUMNS]`` and ``PATH.txt[.gz][:COLUMNS]``: a line a pair, its columns separated by tabs.

COLUMNS names the columns by language, ``_`` being one that is not read: ``links.tsv:_,en,_,fr``. Without it, as
Tatoeba and ManyThings write their files, the two languages are the first two columns: English the first if it is one
of them, in whichever direction it is translated, otherwise the source.
"""

import re
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from components.corpus.blocks import raw_block
from components.corpus.sources.lines import LineFile
from components.errors import InputError

NOT_A_PAIR = "no_tab"
SEPARATED = re.compile(r"(?P<path>.*\.(?:tsv|txt)(?:\.gz)?)(?::(?P<columns>[^/.]*))?")
_IGNORED = "_"


@dataclass(frozen=True)
class SeparatedFile(LineFile):
    """See the module; ``columns`` are the numbers of the source's and the target's, from 0."""

    columns: tuple[int, int]

    @classmethod
    def parse(cls, word: str, source_language: str, target_language: str) -> "SeparatedFile":
        """The file that ``word`` names.

        Raises:
            InputError: if it names columns, but not those of the two languages.
        """
        found = SEPARATED.fullmatch(word)
        assert found
        if found["columns"] is None:
            target_first = _is_english(target_language) and not _is_english(source_language)
            return cls(found["path"], (1, 0) if target_first else (0, 1))
        names = found["columns"].split(",")
        if sorted(name for name in names if name != _IGNORED) != sorted((source_language, target_language)):
            raise InputError(
                f"found {word!r}, the columns must be {source_language} and {target_language}, in their order in the"
                f" file, with {_IGNORED} for each that is not read: PATH.tsv:{source_language},{target_language}"
            )
        return cls(found["path"], (names.index(source_language), names.index(target_language)))

    def digest(self) -> str:
        return f"{super().digest()} {self.columns}"

    def block(self, first_line: int, lines: pa.Array) -> pa.RecordBatch:
        needed = max(self.columns) + 1
        columns = pc.split_pattern(lines, "\t", max_splits=needed)
        whole = pc.greater_equal(pc.list_value_length(columns), needed)
        if pc.all(whole).as_py():
            return raw_block(first_line, *(pc.list_element(columns, column) for column in self.columns))
        # A line with too few columns is kept as it is, as the source, for `rejected/`.
        padded = pc.if_else(whole, lines, pa.scalar(b"\t" * needed, pa.binary()))
        columns = pc.split_pattern(padded, "\t", max_splits=needed)
        source, target = (pc.list_element(columns, column) for column in self.columns)
        fault = pc.if_else(whole, pa.scalar(None, pa.string()), NOT_A_PAIR)
        return raw_block(first_line, pc.if_else(whole, source, lines), target, fault=fault)


def _is_english(language: str) -> bool:
    return re.split("[-_]", language.lower())[0] == "en"
