"""The results of ``benchmarks.ablations`` as a table in docs/reference/results.md.

``python -m benchmarks.ablation_table`` writes it between the page's marks; a test compares the two.
"""

import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).with_name("ablations.json")
PAGE = Path(__file__).parents[1] / "docs" / "reference" / "results.md"
BEGIN, END = "<!-- python -m benchmarks.ablation_table -->\n", "<!-- end of the ablations -->\n"


def read_results(path: Path = RESULTS) -> dict[str, Any]:
    """The results so far; without a row if there are none."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"variants": {}}


def table(results: dict[str, Any]) -> str:
    """A Markdown table: a row for each variant, its scores with the half of their 95 % interval."""
    lines = [
        "| variant | s an epoch | epochs | validation, greedy | validation, beam 5 | test, greedy | test, beam 5"
        " | validation, typed | test, typed |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, row in results["variants"].items():
        scores = [row["scores"][split][search] for split in ("validation", "test") for search in ("greedy", "beam 5")]
        cells = [f"{score['bleu']:.1f} ± {score['interval']:.1f}" for score in scores]
        # Only the decisions about the text were measured on what people type.
        typed = [row["scores"][split].get("typed") for split in ("validation", "test")]
        cells += [f"{score['bleu']:.1f}" if score else "" for score in typed]
        lines.append(
            "| " + " | ".join([name, f"{row['seconds_per_epoch']:.1f}", f"{row['epochs']:.1f}", *cells]) + " |"
        )
    return "\n".join(lines) + "\n"


def with_table(page: str, results: dict[str, Any]) -> str:
    """The page's text with the table as it should be."""
    before, rest = page.split(BEGIN)
    return before + BEGIN + "\n" + table(results) + "\n" + END + rest.split(END)[1]


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8"), read_results()), encoding="utf-8")
