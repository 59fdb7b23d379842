"""Every format: divided into ranges, read, written, merged."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.errors import InputError
from components.serving.options import TranslationOptions
from components.serving.translation import Hypothesis, Score, Translation
from components.translation.formats import Lines, TabSeparated, check_endings, format_of
from components.translation.tasks import Scoring, Translating

LANGUAGES = ("en", "fr")


def task(n_best: int = 1) -> Translating:
    return Translating(TranslationOptions(n_best=n_best))


def translated(source: Path, target: Path, count: int = 2, n_best: int = 1) -> list[str]:
    """Translates to capitals, a range at a time; returns the faults."""
    format = format_of(str(source), task(n_best), LANGUAGES)
    faults, written = [], []
    for given in format.ranges(str(source), count):
        rows = format.read(str(source), given)
        assert [row.number for row in rows] == list(range(given.first_row, given.first_row + given.count))
        faults += [f"{row.number}: {row.fault}" for row in rows if row.fault]
        found = [None if row.fault else capitals(row.texts[0], n_best) for row in rows]
        written.append(target.with_name(f"part-{given.index}"))
        format.write(str(source), given, found, written[-1])
    format.merge(written, target)
    return faults


def capitals(text: str, n_best: int) -> Translation:
    return Translation(tuple(Hypothesis(text.upper() + "!" * rank, 0.0 - rank) for rank in range(n_best)))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", b""),
        (b"a\nb\n", b"A\nB\n"),
        (b"a\n\nb", b"A\n\nB\n"),
        ("é\r\nb\u2028c\n".encode(), "É\r\nB\u2028C\n".encode()),
        (b"a\n\xff\nc\n", b"A\n\nC\n"),
    ],
)
@pytest.mark.parametrize("count", [1, 2, 100])
def test_text(tmp_path: Path, content: bytes, expected: bytes, count: int) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    source.write_bytes(content)
    faults = translated(source, target, count)
    assert target.read_bytes() == expected
    assert faults == (["2: is not UTF-8 (byte 0xff at 1)"] if b"\xff" in content else [])


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("in", "a\n\ufeffb\n", "A\n\ufeffB\n"),
        ("in", "", ""),
        ("in.tsv", "a\tx\nb\n", "a\tx\tA\nb\tB\n"),
        ("in.jsonl", '{"text": "a"}\n', '{"text": "a", "translation": "A"}\n'),
    ],
)
@pytest.mark.parametrize("count", [1, 2])
def test_a_byte_order_mark_belongs_to_no_row(
    name: str, content: str, expected: str, count: int, tmp_path: Path
) -> None:
    source, target = tmp_path / name, tmp_path / f"out{Path(name).suffix}"
    source.write_text(content, encoding="utf-8-sig")
    assert translated(source, target, count) == []
    assert target.read_text(encoding="utf-8") == expected


def test_a_file_that_shrinks_is_reported(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.write_text("a\n\nc\n")
    (rows,) = format_of(str(source), task(), LANGUAGES).ranges(str(source), 3)
    source.write_text("a\n\n")
    with pytest.raises(InputError, match="in holds fewer lines than when it was looked at"):
        format_of(str(source), task(), LANGUAGES).read(str(source), rows)


def test_alternatives_of_text_are_a_moses_list(tmp_path: Path) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    source.write_text("a\nb\n")
    translated(source, target, n_best=2)
    assert target.read_text().splitlines() == [
        "0 ||| A ||| 0.0000",
        "0 ||| A! ||| -1.0000",
        "1 ||| B ||| 0.0000",
        "1 ||| B! ||| -1.0000",
    ]


def test_tab_separated(tmp_path: Path) -> None:
    source, target = tmp_path / "in.tsv", tmp_path / "out.tsv"
    source.write_text("a\tone\n\nb\tc\td\n", encoding="utf-8")
    translated(source, target, n_best=2)
    assert target.read_text() == "a\tone\tA\tA!\n\t\t!\nb\tc\td\tB\tB!\n"


def test_json_lines(tmp_path: Path) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    lines = ['{"id": 1, "text": "a"}', "not JSON", '{"en": "b", "x": "\\ud800"}', "[]", '{"fr": "c"}', '{"text": 1}']
    source.write_text("\n".join(lines))
    faults = translated(source, target, n_best=2)
    alternatives = [{"translation": "A", "score": 0.0}, {"translation": "A!", "score": -1.0}]
    first, second = map(json.loads, target.read_text().splitlines())
    assert first == {"id": 1, "text": "a", "translation": "A", "alternatives": alternatives}
    assert (second["translation"], second["x"]) == ("B", "\ud800")
    no_text = "has no field text or en with a text"
    assert faults == ["2: is no JSON object", "4: is no JSON object", f"5: {no_text}", f"6: {no_text}"]


def test_parquet(tmp_path: Path) -> None:
    source, target = tmp_path / "in.parquet", tmp_path / "out.parquet"
    table = pa.table({"id": list(range(7)), "en": ["a", "b", None, "d", "", "f", "g"]})
    pq.write_table(table, source, row_group_size=3)
    faults = translated(source, target, n_best=2)
    found = pq.read_table(target)
    assert found.select(["id", "en"]).equals(table)
    assert found["translation"].to_pylist() == ["A", "B", None, "D", "", "F", "G"]
    assert found["alternatives"][1].as_py()[1] == {"translation": "B!", "score": -1.0}
    assert faults == ["3: has no text"]


def test_parquet_reads_the_texts_alone(tmp_path: Path) -> None:
    source = tmp_path / "in.parquet"
    pq.write_table(pa.table({"image": [b"?" * 1000], "text": ["a"]}), source, compression="none", use_dictionary=False)
    content = source.read_bytes()
    begin = pq.read_metadata(source).row_group(0).column(0).data_page_offset
    source.write_bytes(content[:begin] + b"\xff" * 20 + content[begin + 20 :])  # Reading the images fails.
    format = format_of(str(source), task(), LANGUAGES)
    (rows,) = format.ranges(str(source), 2)
    assert [row.texts for row in format.read(str(source), rows)] == [("a",)]


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ("a.txt", "b.jsonl", "output: b.jsonl must end in .txt as the input does"),
        ("a.parquet", "b.txt", "output: b.txt must end in .parquet as the input does"),
        ("a.txt.gz", "b.txt", "input: a.txt.gz is compressed; valid: text"),
        ("a.csv", "b.csv", r"input: a.csv ends in \.csv, which is another format; valid: text \(\.txt, .*\.parquet$"),
        *((f"a{ending}", "b", "input: .* is another format") for ending in (".xlsx", ".JSON", ".xml", ".tmx", ".pdf")),
        ("a.txt", "b.docx", r"output: b.docx ends in \.docx, which is another format"),
    ],
)
def test_names_that_do_not_fit(source: str, target: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as refusal:
        check_endings(source, target)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "name", ["a", "a.txt", "a.en", "a.fr", "a.pt_BR", "a.eng", "b.d/a", "a.2024", "gs://b/c.csv/a", "a.TXT", "a.md"]
)
def test_text_has_many_endings(name: str) -> None:
    check_endings(name, "out.fr")
    assert type(format_of(name, task(), LANGUAGES)) is Lines


def test_endings_in_capitals_say_the_same() -> None:
    check_endings("a.TSV", "b.tsv")
    assert type(format_of("a.TSV", task(), LANGUAGES)) is TabSeparated


@pytest.mark.parametrize("groups", [0, 1])
def test_parquet_without_rows(groups: int, tmp_path: Path) -> None:
    source, target = tmp_path / "in.parquet", tmp_path / "out.parquet"
    table = pa.table({"text": pa.array([], pa.string())})
    with pq.ParquetWriter(source, table.schema) as writer:
        for _ in range(groups):
            writer.write_table(table)
    assert translated(source, target) == []
    assert pq.read_table(target).column_names == ["text", "translation"]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (pa.table({"a": ["x"]}), "has the columns a, must have text or en"),
        (pa.table({"text": [1]}), "the column text of .* holds int64, must be string"),
        (pa.table({"text": ["x"], "translation": ["y"]}), "has a column translation already"),
    ],
)
def test_parquet_that_does_not_fit(tmp_path: Path, table: pa.Table, message: str) -> None:
    source = tmp_path / "in.parquet"
    pq.write_table(table, source)
    with pytest.raises(InputError, match=message):
        list(format_of(str(source), task(), LANGUAGES).ranges(str(source), 2))


def test_what_is_no_parquet(tmp_path: Path) -> None:
    source = tmp_path / "in.parquet"
    source.write_text("x")
    with pytest.raises(InputError, match=r"in\.parquet is no Parquet file"):
        list(format_of(str(source), task(), LANGUAGES).ranges(str(source), 2))


def scored(source: Path, target: Path) -> list[str]:
    """Scores each token of a translation -1, and none that is empty; returns the faults."""
    format = format_of(str(source), Scoring(), LANGUAGES)
    (given,) = format.ranges(str(source), 10)
    rows = format.read(str(source), given)
    tokens = [None if row.fault else tuple(row.texts[1].split()) for row in rows]
    found = [None if said is None else Score(said, (-1.0,) * len(said), "" if said else "no") for said in tokens]
    format.write(str(source), given, found, target.with_name("part"))
    format.merge([target.with_name("part")], target)
    return [row.fault for row in rows if row.fault]


def test_pairs_are_scored_in_columns(tmp_path: Path) -> None:
    source, target = tmp_path / "in.tsv", tmp_path / "out.tsv"
    source.write_text("a b\tA B\r\nalone\nb\t\tfurther\n")
    assert scored(source, target) == ["has 1 column, must have 2: text, translation"]
    assert target.read_text() == "a b\tA B\t-2.0000\t-1.0000\nb\t\tfurther\t\t\n"


def test_pairs_are_scored_in_fields(tmp_path: Path) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text('{"text": "a", "translation": "A B"}\n{"en": "a", "fr": ""}\n{"en": "a"}\n')
    assert scored(source, target) == ["has no field translation or fr with a text"]
    first, second = map(json.loads, target.read_text().splitlines())
    assert (first["score"], first["mean_score"], first["tokens"], first["token_scores"]) == (
        -2,
        -1,
        ["A", "B"],
        [-1, -1],
    )
    assert (second["en"], second["score"], second["warning"]) == ("a", None, "no")


def test_pairs_are_scored_in_columns_of_parquet(tmp_path: Path) -> None:
    source, target = tmp_path / "in.parquet", tmp_path / "out.parquet"
    pq.write_table(pa.table({"fr": ["A B", None, ""], "en": ["a", "b", "c"]}), source)
    assert scored(source, target) == ["has no text"]
    found = pq.read_table(target).to_pydict()
    assert (found["score"], found["token_scores"]) == ([-2, None, None], [[-1, -1], None, None])
    assert found["warning"] == [None, None, "no"]


def test_scores_of_pairs_do_not_fit_plain_text() -> None:
    with pytest.raises(
        InputError, match=r"input: found a.txt, a line a text; to score, must be .jsonl, .tsv, .parquet"
    ):
        format_of("a.txt", Scoring(), LANGUAGES)
