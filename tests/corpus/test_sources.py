"""Sources: every line once, with its number, whatever the file looks like."""

import gzip
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.corpus import files
from components.corpus.sources.formats import Corpus
from components.corpus.sources.source import Source
from components.errors import InputError
from tests.corpus.corpora import pairs, write_aligned

Line = tuple[int, str | None, str | None, str | None]


def read(source: Source) -> list[Line]:
    """(line, source, target, fault) of everything a source holds."""
    return [
        (row["line"], *(row[side].decode("utf-8", "replace") for side in ("source", "target")), row["fault"])
        for range_ in source.ranges()
        for block in source.read(range_)
        for row in block.to_pylist()
    ]


def parse(word: str, source_language: str = "en", target_language: str = "fr") -> Source:
    return Corpus.parse("corpus", word).sources(source_language, target_language)[0]


def numbered(lines: list[tuple[str, str]]) -> list[Line]:
    return [(number, source, target, None) for number, (source, target) in enumerate(lines, start=1)]


def test_aligned_files(tmp_path: Path) -> None:
    word = write_aligned(tmp_path, pairs(50))
    assert read(parse(word)) == numbered(pairs(50))


def test_the_other_direction(tmp_path: Path) -> None:
    word = write_aligned(tmp_path, pairs(3))
    assert read(parse(word, "fr", "en")) == numbered([(french, english) for english, french in pairs(3)])


def test_compressed_aligned_files(tmp_path: Path) -> None:
    write_aligned(tmp_path, pairs(50))
    for language in ("en", "fr"):
        content = (tmp_path / f"corpus.{language}").read_bytes()
        # Two gzip members, as `cat a.gz b.gz` makes them.
        (tmp_path / f"corpus.{language}.gz").write_bytes(gzip.compress(content[:100]) + gzip.compress(content[100:]))
    assert sorted(read(parse(str(tmp_path / "corpus.{en,fr}.gz")))) == numbered(pairs(50))


def test_stripes_of_compressed_files_are_together_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("components.corpus.sources.text.BLOCK_PAIRS", 7)
    monkeypatch.setattr("components.corpus.sources.text.BLOCK_PAIRS", 7)
    write_aligned(tmp_path, pairs(50))
    for language in ("en", "fr"):
        (tmp_path / f"corpus.{language}.gz").write_bytes(gzip.compress((tmp_path / f"corpus.{language}").read_bytes()))
    (tmp_path / "c.tsv.gz").write_bytes(gzip.compress("".join(f"{en}\t{fr}\n" for en, fr in pairs(50)).encode()))
    for word in ("corpus.{en,fr}.gz", "c.tsv.gz"):
        source = parse(str(tmp_path / word))
        assert len(source.ranges()) == 2
        assert sorted(read(source)) == numbered(pairs(50))


@pytest.mark.parametrize("stride", [1, 7, 10, 50, 51])
@pytest.mark.parametrize("chunk", [5, 64, 1 << 20])
def test_parts_are_aligned_and_together_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stride: int, chunk: int
) -> None:
    monkeypatch.setattr(files, "STRIDE", stride)
    monkeypatch.setattr("components.corpus.sources.text.STRIDE", stride)
    monkeypatch.setattr("components.corpus.sources.text.STRIDE", stride)
    monkeypatch.setattr(files, "CHUNK", chunk)
    files._scan.cache_clear()
    lines = pairs(50)
    source = parse(write_aligned(tmp_path, lines, name=f"s{stride}-{chunk}"))
    assert len(source.ranges()) == -(-50 // stride)
    assert read(source) == numbered(lines)
    table = tmp_path / f"{stride}-{chunk}.tsv"
    table.write_text("".join(f"{en}\t{fr}\tCC-BY\n" for en, fr in lines), encoding="utf-8")
    assert read(parse(str(table))) == numbered(lines)
    files._scan.cache_clear()


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"a\nb\n", ["a", "b"]),
        (b"a\nb", ["a", "b"]),
        (b"a\r\nb\r\n", ["a", "b"]),
        (b"\xef\xbb\xbfa\nb\n", ["a", "b"]),
        (b"\n\n", ["", ""]),
        (b"a\n\n", ["a", ""]),
        (b"a\x0bb\x0c\xe2\x80\xa8c\xc2\x85\nd\n", ["a\x0bb\x0c\u2028c\x85", "d"]),
        (b"a\rb\n", ["a\rb"]),
        (b"\x00\n", ["\x00"]),
        (b"\xef\xbb\xbf", []),
        (b"\xef\xbb\xbf\n", [""]),
        (b"abc", ["abc"]),
    ],
)
def test_what_a_line_is(tmp_path: Path, content: bytes, lines: list[str]) -> None:
    for language in ("en", "fr"):
        (tmp_path / f"c.{language}").write_bytes(content)
    assert read(parse(str(tmp_path / "c.{en,fr}"))) == numbered([(line, line) for line in lines])
    (tmp_path / "c.tsv").write_bytes(content)
    assert [line[0] for line in read(parse(str(tmp_path / "c.tsv")))] == list(range(1, len(lines) + 1))


@pytest.mark.parametrize("left", [0, 3, 10, 11, 29])
@pytest.mark.parametrize("name", ["corpus.en", "corpus.fr", "c.tsv"])
def test_a_file_that_becomes_shorter_than_it_was_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, left: int
) -> None:
    for module in ("files", "sources.text"):
        monkeypatch.setattr(f"components.corpus.{module}.STRIDE", 10)
    files._scan.cache_clear()
    word = write_aligned(tmp_path, pairs(30))
    (tmp_path / "c.tsv").write_text("".join(f"{english}\t{french}\n" for english, french in pairs(30)), "utf-8")
    source = parse(str(tmp_path / name) if name == "c.tsv" else word)
    parts = source.ranges()
    files._scan.cache_clear()
    assert len(parts) == 3
    (tmp_path / name).write_bytes(b"".join((tmp_path / name).read_bytes().splitlines(keepends=True)[:left]))
    message = rf"/{name} holds fewer lines than when it was looked at; it must not change while it is read"
    with pytest.raises(InputError, match=message):
        list(chain.from_iterable(map(source.read, parts)))
    for part in parts[: left // 10]:
        assert sum(block.num_rows for block in source.read(part)) == 10


def test_a_line_longer_than_a_chunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "CHUNK", 1000)
    lines = [("a", "b"), ("x" * 12_345, "y" * 54_321), ("c", "d")]
    assert read(parse(write_aligned(tmp_path, lines))) == numbered(lines)


def test_separated_columns(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("a\tb\nc\td\te\tf\nno tab\n\t\n", encoding="utf-8")
    assert read(parse(str(tmp_path / "t.txt"))) == [
        (1, "a", "b", None),
        (2, "c", "d", None),
        (3, "no tab", "", "no_tab"),
        (4, "", "", None),
    ]


def test_english_is_the_first_column_in_either_direction(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_text("english\tother\n")
    assert read(parse(str(tmp_path / "t.tsv"), "fr", "en")) == [(1, "other", "english", None)]
    assert read(parse(str(tmp_path / "t.tsv"), "de", "fr")) == [(1, "english", "other", None)]


def test_the_sample_is_read_in_parts() -> None:
    source = parse("sample:2500")
    lines = read(source)
    assert [line[0] for line in lines] == list(range(1, 2501))
    assert len(source.ranges()) == 2
    reverse = read(parse("sample:3", "fr", "en"))
    assert [line[1:3] for line in reverse] == [(line[2], line[1]) for line in lines[:3]]


def test_several_corpora_and_quoted_paths(tmp_path: Path) -> None:
    folder = tmp_path / "with blank"
    folder.mkdir()
    word = write_aligned(folder, pairs(2))
    sources = Corpus.parse("corpus", f"'{word}' sample:5").sources("en", "fr")
    assert [len(read(source)) for source in sources] == [2, 5]


def test_json_lines(tmp_path: Path) -> None:
    lines = [
        '{"en": "a", "fr": "é"}',
        '{"translation": {"fr": "d", "en": "c", "de": "x"}, "id": 7}',
        '{"en": "no French"}',
        '{"en": "a", "fr": null}',
        "[1]",
        "{broken",
        '{"en": "half \\ud83d a pair", "fr": "b"}',
    ]
    (tmp_path / "c.jsonl").write_text("\n".join(lines), encoding="utf-8")
    found = read(parse(str(tmp_path / "c.jsonl")))
    assert found[:2] == [(1, "a", "é", None), (2, "c", "d", None)]
    assert found[2:6] == [(number, lines[number - 1], "", "no_json_pair") for number in range(3, 7)]
    # What is no Unicode text is left to the rule about UTF-8.
    assert found[6] == (7, "half \ufffd\ufffd\ufffd a pair", "b", None)
    (tmp_path / "c.jsonl.gz").write_bytes(gzip.compress((tmp_path / "c.jsonl").read_bytes()))
    assert sorted(read(parse(str(tmp_path / "c.jsonl.gz")))) == found


@pytest.mark.parametrize("struct", [False, True])
def test_parquet(tmp_path: Path, struct: bool) -> None:
    english, french = (list(side) for side in zip(*pairs(50), strict=True))
    french[30] = None
    columns = {"en": pa.array(english), "fr": pa.array(french, pa.large_string()), "id": pa.array(range(50))}
    table = pa.table({"translation": pa.table(columns).to_struct_array()} if struct else columns)
    pq.write_table(table, tmp_path / "c.parquet", row_group_size=20)
    source = parse(str(tmp_path / "c.parquet"))
    assert len(source.ranges()) == 3
    lines = [
        (row["line"], row["source"].decode(), row["target"] and row["target"].decode(), row["fault"])
        for range_ in source.ranges()
        for block in source.read(range_)
        for row in block.to_pylist()
    ]
    expected = numbered(list(zip(english, french, strict=True)))
    expected[30] = (31, english[30], None, "no_text")
    assert lines == expected


TMX = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE tmx SYSTEM "tmx11.dtd">
<tmx version="1.4"><header srclang="en"/><body>
<tu><tuv xml:lang="en"><seg>The &lt;b&gt; dog</seg></tuv><tuv xml:lang="fr"><seg>Le <bpt i="1"/>chien</seg></tuv></tu>
<tu><tuv xml:lang="FR-CA"><seg>Oui</seg></tuv><tuv lang="en_US"><seg>Yes</seg></tuv></tu>
<tu><tuv xml:lang="en"><seg>Alone</seg></tuv><tuv xml:lang="de"><seg>Allein</seg></tuv></tu>
<tu><tuv xml:lang="en"><seg/></tuv><tuv xml:lang="fr"><seg>Vide</seg></tuv></tu>
</body></tmx>
"""


def test_translation_memories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("components.corpus.sources.tmx.BLOCK_PAIRS", 3)
    (tmp_path / "c.tmx").write_text(TMX, encoding="utf-8")
    (tmp_path / "c.tmx.gz").write_bytes(gzip.compress(TMX.encode()))
    for name in ("c.tmx", "c.tmx.gz"):
        source = parse(str(tmp_path / name))
        lines = [
            (row["line"], row["source"], row["target"], row["fault"])
            for block in source.read(source.ranges()[0])
            for row in block.to_pylist()
        ]
        assert lines == [
            (1, b"The <b> dog", b"Le chien", None),
            (2, b"Yes", b"Oui", None),
            (3, b"Alone", None, "no_translation"),
            (4, b"", b"Vide", None),
        ]


@pytest.mark.parametrize("form", ["tmx", "parquet", "repeated.parquet", "uneven.parquet", "{en,fr}"])
def test_a_block_of_long_texts_is_closed_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    for module in ("blocks", *(f"sources.{name}" for name in ("text", "parquet", "tmx"))):
        monkeypatch.setattr(f"components.corpus.{module}.BLOCK_BYTES", 100_000)
    monkeypatch.setattr(files, "CHUNK", 10_000)
    lines = [(str(number % 10) * 9_000, f"{number:04d}" * 2_000) for number in range(60)]
    if form == "uneven.parquet":
        lines += [("short", "court")] * 5_000
    if form == "repeated.parquet":
        lines = lines[:1] * 60
    english, french = (list(side) for side in zip(*lines, strict=True))
    if form == "tmx":
        variant = '<tuv xml:lang="{}"><seg>{}</seg></tuv>'
        units = (f"<tu>{variant.format('en', en)}{variant.format('fr', fr)}</tu>" for en, fr in lines)
        (tmp_path / "c.tmx").write_text(f"<tmx><body>{''.join(units)}</body></tmx>", "utf-8")
    elif form == "{en,fr}":
        write_aligned(tmp_path, lines, name="c")
    else:
        pq.write_table(pa.table({"en": english, "fr": french}), tmp_path / f"c.{form}")
    source = parse(str(tmp_path / f"c.{form}"))
    blocks = [block for range_ in source.ranges() for block in source.read(range_)]
    assert read(source) == numbered(lines)
    # One text is read on either side before it shows that the block is full.
    assert max(block["source"].nbytes + block["target"].nbytes for block in blocks) < 2 * 125_000
    assert len(blocks) < 20


@pytest.mark.parametrize("content", [TMX[:-40], TMX.replace("tmx", "xml"), "no XML"])
def test_what_is_no_translation_memory_stops_the_reading(tmp_path: Path, content: str) -> None:
    source = parse(_file(tmp_path, "c.tmx", content.encode()))
    with pytest.raises(InputError, match=r"c\.tmx"):
        list(source.read(source.ranges()[0]))


def test_globs(tmp_path: Path) -> None:
    for number in (2, 1):
        write_aligned(tmp_path, pairs(number), name=f"part-{number}.x")
        (tmp_path / f"{number}.tsv").write_text("a\tb\n")
    sources = Corpus.parse("corpus", f"{tmp_path}/part-*.{{en,fr}} {tmp_path}/[0-9].tsv").sources("en", "fr")
    assert [source.ranges()[0].file for source in sources] == [
        f"{tmp_path}/part-1.x.{{en,fr}}",
        f"{tmp_path}/part-2.x.{{en,fr}}",
        f"{tmp_path}/1.tsv",
        f"{tmp_path}/2.tsv",
    ]
    assert [len(read(source)) for source in sources] == [1, 2, 1, 1]


def test_the_digest_follows_the_content(tmp_path: Path) -> None:
    def digest() -> str:
        return parse(str(tmp_path / "corpus.{en,fr}")).digest()

    write_aligned(tmp_path, pairs(5))
    first = digest()
    write_aligned(tmp_path, pairs(5)[::-1])
    assert digest() != first
    write_aligned(tmp_path, pairs(5))
    assert digest() == first


def _file(folder: Path, name: str, content: bytes) -> str:
    (folder / name).write_bytes(content)
    return str(folder / name)


def _parquet(folder: Path, **columns: list[object]) -> str:
    pq.write_table(pa.table(columns), folder / "c.parquet")
    return str(folder / "c.parquet")


def _unaligned(folder: Path) -> str:
    word = write_aligned(folder, pairs(5))
    with open(folder / "corpus.fr", "a") as file:
        file.write("une de plus\n")
    return word


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: str(folder / "none.{en,fr}"), r"corpus: .*there is no file .*none\.en"),
        (lambda folder: str(folder / "none.tsv"), r"corpus: there is no file .*none\.tsv"),
        (_unaligned, r"corpus: .*corpus\.en has 5 lines, .*corpus\.fr has 6"),
        (lambda folder: str(folder / "corpus.{en,de}"), r"braces must hold .*\{en,fr\}"),
        (lambda folder: "corpus.docx", r"found 'corpus\.docx', must be one of the forms sample\[:PAIRS\], tfds:NAME"),
        (lambda folder: f"{folder}/*.tsv", r"no file matches .*\*\.tsv"),
        (lambda folder: _file(folder, "c.jsonl", b'{"en": "a"}'), r"line 1: must be an object with texts under 'en'"),
        (lambda folder: _file(folder, "c.parquet", b"PAR"), r"c\.parquet is no Parquet file"),
        (
            lambda folder: _parquet(folder, en=["a"], de=["b"]),
            r"has the columns en, de; must have texts in 'en' and 'fr'",
        ),
        (lambda folder: _parquet(folder, en=["a"], fr=[1]), r"has the columns en, fr; must have texts"),
        (lambda folder: "  ", r"must be one or several of sample"),
        (lambda folder: "sample:0", r"must be sample:PAIRS with PAIRS from 1 up to \d+"),
        (lambda folder: "sample:many", r"must be sample:PAIRS"),
        (lambda folder: "'unclosed", r"corpus: No closing quotation"),
    ],
)
def test_what_is_no_corpus_is_refused(tmp_path: Path, make: Callable[[Path], str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse(make(tmp_path))


def test_the_sample_has_two_languages_only() -> None:
    with pytest.raises(InputError, match="the sample has en and fr only"):
        parse("sample", "de", "fr")
