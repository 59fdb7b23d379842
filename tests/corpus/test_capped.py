"""Caps: the first pairs of a word, whatever its form and its files."""

import gzip
import json
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.corpus import files
from components.corpus.sources.formats import Corpus
from components.errors import InputError
from tests.corpus.corpora import pairs, write_aligned
from tests.pipelines.test_prepare import rejected, run

LINES = pairs(60)


def write(folder: Path, form: str, lines: list[tuple[str, str]], name: str) -> None:
    """Writes a file (or two) of a form."""
    tsv = "".join(f"{english}\t{french}\n" for english, french in lines)
    jsonl = "".join(json.dumps({"en": english, "fr": french}) + "\n" for english, french in lines)
    units = "".join(
        f'<tu><tuv xml:lang="en"><seg>{english}</seg></tuv><tuv xml:lang="fr"><seg>{french}</seg></tuv></tu>'
        for english, french in lines
    )
    match form:
        case "{en,fr}":
            write_aligned(folder, lines, name)
        case "{en,fr}.gz":
            for side, language in enumerate(("en", "fr")):
                text = "".join(pair[side] + "\n" for pair in lines)
                (folder / f"{name}.{language}.gz").write_bytes(gzip.compress(text.encode()))
        case "parquet":
            columns = dict(zip(("en", "fr"), map(list, zip(*lines, strict=True)), strict=True))
            pq.write_table(pa.table(columns), folder / f"{name}.parquet", row_group_size=9)
        case _:
            text = {"tsv": tsv, "jsonl": jsonl, "tmx": f"<tmx><body>{units}</body></tmx>"}[form.removesuffix(".gz")]
            content = text.encode()
            (folder / f"{name}.{form}").write_bytes(gzip.compress(content) if form.endswith(".gz") else content)


def read(word: str) -> list[tuple[str, str]]:
    """The pairs in the order of files and lines."""
    rows = [
        (index, row["line"], row["source"].decode(), row["target"].decode())
        for index, source in enumerate(Corpus.parse("corpus", word).sources("en", "fr"))
        for range_ in source.ranges()
        for block in source.read(range_)
        for row in block.to_pylist()
    ]
    return [row[2:] for row in sorted(rows)]


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    for form in ("text", "parquet", "tmx"):
        monkeypatch.setattr(f"components.corpus.sources.{form}.BLOCK_PAIRS", 7)
    for module in ("files", "sources.text"):
        monkeypatch.setattr(f"components.corpus.{module}.STRIDE", 10)
    files._scan.cache_clear()


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize(
    "form", ["{en,fr}", "{en,fr}.gz", "tsv", "tsv.gz", "jsonl", "jsonl.gz", "parquet", "tmx", "tmx.gz"]
)
def test_the_first_pairs_of_all_files_of_a_glob_together(tmp_path: Path, form: str) -> None:
    for number in range(3):
        write(tmp_path, form, LINES[20 * number : 20 * number + 20], f"part-{number}")
    whole = f"{tmp_path}/part-*.{form}"
    for pairs_wanted in (1, 7, 10, 14, 19, 20, 21, 40, 59, 60, 61, 1000):
        assert read(f"{whole}#{pairs_wanted}") == LINES[:pairs_wanted]
    assert read(f"{tmp_path}/part-1.{form}#5 {whole}#3") == [*LINES[20:25], *LINES[:3]]


def test_the_sample_capped() -> None:
    assert read("sample:50#20") == read("sample:20")


def test_a_cap_reads_no_more_parts_than_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("files", "sources.text"):
        monkeypatch.setattr(f"components.corpus.{module}.STRIDE", 10)
    files._scan.cache_clear()
    (source,) = Corpus.parse("corpus", write_aligned(tmp_path, LINES) + "#25").sources("en", "fr")
    assert [(range_.first_line, range_.lines) for range_ in source.ranges()] == [(1, 10), (11, 10), (21, 5)]
    files._scan.cache_clear()


@pytest.mark.usefixtures("small_blocks")
def test_what_is_behind_the_cap_is_not_read(tmp_path: Path) -> None:
    write(tmp_path, "tmx", LINES, "c")
    path = tmp_path / "c.tmx"
    path.write_text(path.read_text("utf-8").replace("</body>", "<broken"), "utf-8")
    assert read(f"{path}#20") == LINES[:20]
    with pytest.raises(InputError, match="cannot be read to its end"):
        read(f"{path}#60")


def test_the_digest_follows_the_cap(tmp_path: Path) -> None:
    word = write_aligned(tmp_path, LINES)

    def digest(cap: str) -> str:
        return Corpus.parse("corpus", word + cap).sources("en", "fr")[0].digest()

    assert len({digest(""), digest("#10"), digest("#20")}) == 3
    # What cuts nothing off changes nothing.
    assert digest("#60") == digest("#1000") == digest("")


def test_size_shrinks_with_the_cap(tmp_path: Path) -> None:
    word = write_aligned(tmp_path, LINES)
    (whole,), (capped,) = (Corpus.parse("corpus", word + cap).sources("en", "fr") for cap in ("", "#6"))
    assert capped.size() == pytest.approx(whole.size() / 10, abs=1)


@pytest.mark.parametrize("cap", ["#", "#0", "#-3", "#many", "#1e6", "#x2", "#1,000", "# 5"])
def test_what_is_no_cap_is_refused(tmp_path: Path, cap: str) -> None:
    with pytest.raises(
        InputError, match=r"corpus: found .*, after # must stand how many pairs to take, a whole number"
    ):
        Corpus.parse("corpus", f"'{write_aligned(tmp_path, LINES)}{cap}'").sources("en", "fr")


def test_a_path_may_hold_the_sign(tmp_path: Path) -> None:
    folder = tmp_path / "c#1"
    folder.mkdir()
    (folder / "a#b.tsv").write_text("a\tb\nc\td\n")
    assert read(f"{folder}/a#b.tsv") == [("a", "b"), ("c", "d")]
    assert read(f"{folder}/a#b.tsv#1") == [("a", "b")]


def test_prepared_with_a_cap(tmp_path: Path) -> None:
    """What is counted are the lines up to the cap, whatever becomes of them."""
    lines = [*LINES[:30], ("", "vide"), LINES[0], *LINES[30:]]
    word = write_aligned(tmp_path, lines)
    manifest = run(tmp_path / "d", corpus=f"{word}#40")
    assert (manifest.counts.read, manifest.counts.kept, manifest.counts.duplicates) == (40, 38, 1)
    assert manifest.counts.rejected == {"empty": 1}
    assert {line["file"] for line in rejected(tmp_path / "d")} == {word}
    assert manifest.fingerprint == run(tmp_path / "e", corpus=write_aligned(tmp_path, lines[:40], "cut")).fingerprint


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("form", ["{en,fr}.gz", "tsv.gz", "tmx.gz"])
def test_to_be_counted_a_compressed_file_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    for number in range(3):
        write(tmp_path, form, LINES[20 * number : 20 * number + 20], f"part-{number}")
    opened: list[str] = []

    def open_text(path: str) -> BinaryIO:
        opened.append(Path(path).name)
        return real(path)

    real = files.open_text
    for module in ("files", "sources.tmx"):
        monkeypatch.setattr(f"components.corpus.{module}.open_text", open_text)
    sources = Corpus.parse("corpus", f"{tmp_path}/part-*.{form}#50").sources("en", "fr")
    assert [source.name[-3:] for source in sources] == [form[-3:], form[-3:], "#10"]
    counted = [f"part-{number}.{language}.gz" for number in (0, 1) for language in ("en", "fr")]
    assert sorted(opened) == (counted if "{" in form else [f"part-{number}.{form}" for number in (0, 1)])
