"""The table of the ablations: what the page shows is what was measured."""

import pytest

from benchmarks.ablation_table import BEGIN, END, PAGE, RESULTS, read_results, table, with_table

SCORE = {"bleu": 51.26, "interval": 1.34, "signature": "…"}
ROW = {"seconds_per_epoch": 31.25, "epochs": 8.0, "scores": {}}
ROW["scores"] = {split: {"greedy": SCORE, "beam 5": SCORE | {"bleu": 52.0}} for split in ("validation", "test")}


def test_a_row_says_what_was_measured() -> None:
    typed = {split: scores | {"typed": {"bleu": 48.04}} for split, scores in ROW["scores"].items()}
    rows = table({"variants": {"full softmax": ROW, "words": ROW | {"scores": typed}}}).splitlines()
    assert rows[2:] == [
        "| full softmax | 31.2 | 8.0 | 51.3 ± 1.3 | 52.0 ± 1.3 | 51.3 ± 1.3 | 52.0 ± 1.3 |  |  |",
        "| words | 31.2 | 8.0 | 51.3 ± 1.3 | 52.0 ± 1.3 | 51.3 ± 1.3 | 52.0 ± 1.3 | 48.0 | 48.0 |",
    ]


def test_the_table_stands_between_its_marks() -> None:
    shown = with_table(f"before\n{BEGIN}old\n{END}after\n", {"variants": {"full softmax": ROW}})
    assert shown == f"before\n{BEGIN}\n{table({'variants': {'full softmax': ROW}})}\n{END}after\n"


@pytest.mark.skipif(not RESULTS.exists(), reason="nothing is measured yet: python -m benchmarks.ablations")
def test_the_page_shows_the_results() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_table(page, read_results()), "python -m benchmarks.ablation_table"
