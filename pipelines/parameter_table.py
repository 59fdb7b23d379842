"""The table of parameters in docs/reference, made from the same dataclasses as everything else.

``python -m pipelines.parameter_table`` writes it between the page's marks; a test compares the two.
"""

import dataclasses
from pathlib import Path

from components.parameters import valid_values
from pipelines.cli import fields_of
from pipelines.mlproject import ENTRIES, parameter_groups, parameter_names

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "parameters.md"
BEGIN, END = "<!-- python -m pipelines.parameter_table -->\n", "<!-- end of the parameters -->\n"


def parameter_table() -> str:
    """A Markdown table: a row for each parameter, with the entries that take it."""
    entries: dict[str, list[str]] = {}
    fields: dict[str, dataclasses.Field] = {}
    for entry, module in ENTRIES.items():
        groups = fields_of(parameter_groups(module))
        for name in parameter_names(module):
            entries.setdefault(name, []).append(entry)
            fields.setdefault(name, groups[name])
    rows = ["| parameter | default | valid | meaning | entries |", "| --- | --- | --- | --- | --- |"]
    for name, field in fields.items():
        cells = (f"`{name}`", _default(field), valid_values(field), field.metadata["help"], ", ".join(entries[name]))
        rows.append("| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows) + "\n"


def _default(field: dataclasses.Field) -> str:
    if field.type is bool:
        return str(field.default).lower()
    if field.type is float:
        return f"{field.default:g}"
    return str(field.default) or "–"


def with_table(page: str) -> str:
    """The page's text with the table as it should be."""
    before, rest = page.split(BEGIN)
    return before + BEGIN + "\n" + parameter_table() + "\n" + END + rest.split(END)[1]


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
