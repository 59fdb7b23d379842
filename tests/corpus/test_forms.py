"""All forms of files under the same conditions: what is odd but readable is read, what is not stops in one line."""

import gzip
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.corpus import files
from components.corpus.sources.formats import Corpus
from components.errors import InputError
from components.evaluation.test_set import read_pairs
from tests.corpus.corpora import pairs
from tests.pipelines.test_prepare import rejected, run

Sides = tuple[bytes | None, bytes | None]
TEXT_FORMS = ("{en,fr}", "tsv", "jsonl", "tmx")
FORMS = (*TEXT_FORMS, *(f"{form}.gz" for form in TEXT_FORMS), "parquet")


def spell(form: str, lines: list[tuple[bytes, bytes]], first: str = "en", second: str = "fr") -> dict[str, bytes]:
    """The files of a form, by what follows their common name."""
    bare, gzipped = form.removesuffix(".gz"), form.endswith(".gz")
    a, b = first.encode(), second.encode()
    match bare:
        case "tsv":
            content = {"tsv": b"".join(b"%s\t%s\n" % line for line in lines)}
        case "jsonl":
            content = {"jsonl": b"".join(b'{"%s": "%s", "%s": "%s"}\n' % (a, x, b, y) for x, y in lines)}
        case "tmx":
            variant = b'<tuv xml:lang="%s"><seg>%s</seg></tuv>'
            units = b"".join(b"<tu>%s%s</tu>\n" % (variant % (a, x), variant % (b, y)) for x, y in lines)
            content = {"tmx": b'<?xml version="1.0"?>\n<tmx>\n<body>\n%s</body>\n</tmx>\n' % units}
        case "parquet":
            texts = [[side.decode() for side in sides] for sides in zip(*lines, strict=True)] or [[], []]
            table = pa.table({first: pa.array(texts[0], pa.string()), second: pa.array(texts[1], pa.string())})
            sink = pa.BufferOutputStream()
            with pq.ParquetWriter(sink, table.schema) as writer:
                # Without pairs there is no row group either.
                if lines:
                    writer.write_table(table)
            content = {"parquet": sink.getvalue().to_pybytes()}
        case _:
            content = {
                language: b"".join(line[side] + b"\n" for line in lines)
                for side, language in enumerate((first, second))
            }
    return {f"{name}.gz": gzip.compress(text) for name, text in content.items()} if gzipped else content


def write(folder: Path, form: str, content: dict[str, bytes], first: str = "en", second: str = "fr") -> str:
    """Writes the files and gives the word that names them."""
    for ending, text in content.items():
        (folder / f"c.{ending}").write_bytes(text)
    return f"{folder}/c.{form.replace('{en,fr}', f'{{{first},{second}}}')}"


def read(word: str, source_language: str = "en", target_language: str = "fr") -> list[tuple[Any, ...]]:
    """(line, source, target, fault) in the order of the lines."""
    return sorted(
        (row["line"], row["source"], row["target"], row["fault"])
        for source in Corpus.parse("corpus", word).sources(source_language, target_language)
        for range_ in source.ranges()
        for block in source.read(range_)
        for row in block.to_pylist()
    )


LINES = [("a é".encode(), b"b"), (b"c", "d\u2028".encode())]
READ = [(1, *LINES[0], None), (2, *LINES[1], None)]


@pytest.mark.parametrize("form", FORMS)
def test_in_either_direction(tmp_path: Path, form: str) -> None:
    word = write(tmp_path, form, spell(form, LINES))
    assert read(word) == READ
    assert read(word, "fr", "en") == [(line, target, source, fault) for line, source, target, fault in READ]


@pytest.mark.parametrize("form", FORMS)
def test_other_languages(tmp_path: Path, form: str) -> None:
    word = write(tmp_path, form, spell(form, LINES, "de", "en"), "de", "en")
    # The columns of a TSV have no names; English is taken to be the first one, if not told otherwise.
    word += ":de,en" if "tsv" in form else ""
    assert read(word, "de", "en") == READ
    assert read(word, "en", "de") == [(line, target, source, fault) for line, source, target, fault in READ]


@pytest.mark.parametrize("gzipped", [False, True])
@pytest.mark.parametrize("form", TEXT_FORMS)
@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:-1],
        lambda text: text.replace(b"\n", b"\r\n"),
        lambda text: b"\xef\xbb\xbf" + text,
    ],
    ids=["no newline at the end", "CRLF", "BOM"],
)
def test_what_editors_do_to_files(tmp_path: Path, form: str, gzipped: bool, change: Callable[[bytes], bytes]) -> None:
    content = {ending: change(text) for ending, text in spell(form, LINES).items()}
    if gzipped:
        content = {f"{ending}.gz": gzip.compress(text) for ending, text in content.items()}
    assert read(write(tmp_path, f"{form}.gz" if gzipped else form, content)) == READ


@pytest.mark.parametrize("form", FORMS)
def test_no_pairs_at_all(tmp_path: Path, form: str) -> None:
    """A file without lines is no fault, beside others."""
    word = write(tmp_path, form, spell(form, []))
    assert read(word) == []
    (tmp_path / "full.tsv").write_text("".join(f"{english}\t{french}\n" for english, french in pairs(20)))
    assert len(read(f"{word} {tmp_path}/full.tsv")) == 20


def test_prepared_beside_files_without_pairs(tmp_path: Path) -> None:
    (tmp_path / "full.tsv").write_text("".join(f"{english}\t{french}\n" for english, french in pairs(20)))
    words = [write(tmp_path, form, spell(form, [])) for form in FORMS]
    assert run(tmp_path / "d", corpus=" ".join([*words, f"{tmp_path}/full.tsv"])).counts.kept == 20


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("{en,fr}", [(1, b"", b"", None), (2, b"", b"", None)]),
        ("tsv", [(1, b"", b"", "no_tab"), (2, b"", b"", "no_tab")]),
        ("jsonl", r"c\.jsonl, line 1 to 2: each must be an object with texts under 'en' and 'fr'"),
        ("tmx", r"c\.tmx cannot be read to its end: no element found"),
    ],
)
def test_only_blank_lines(tmp_path: Path, form: str, expected: Any) -> None:
    word = write(tmp_path, form, dict.fromkeys(spell(form, []), b"\n\n"))
    if isinstance(expected, list):
        assert read(word) == expected
        return
    with pytest.raises(InputError, match=expected):
        read(word)


def test_what_is_no_utf_8_is_rejected_line_by_line(tmp_path: Path) -> None:
    latin_1, surrogate = b"caf\xe9", b"half \xed\xa0\xbd"
    bad = {1: (latin_1, b"x"), 2: (b"y", surrogate), 33: (surrogate, latin_1)}
    words = []
    for index, form in enumerate(FORMS[:-1]):
        good = [(b"Line %d of %d" % (line, index), b"Ligne %d de %d" % (line, index)) for line in range(30)]
        words.append(write(tmp_path, form, spell(form, [bad[1], bad[2], *good, bad[33]])))
    manifest = run(tmp_path / "d", corpus=" ".join(words), rules_off="few_letters")
    assert (manifest.counts.kept, manifest.counts.rejected) == (30 * len(words), {"not_utf8": 3 * len(words)})
    told = {(line["file"], line["line"]): line for line in rejected(tmp_path / "d")}
    assert sorted(told) == sorted((word, line) for word in words for line in bad)
    for (_, line), said in told.items():
        if "jsonl" in said["file"]:
            # The whole line: where in it the sides are does not show.
            assert "\\x" in said["source"]
        else:
            assert [said["source"], said["target"]] == [side.decode("utf-8", "backslashreplace") for side in bad[line]]


def test_nothing_but_what_is_no_utf_8(tmp_path: Path) -> None:
    word = write(tmp_path, "tsv", spell("tsv", [("déjà vu".encode("latin-1"), b"x")]))
    with pytest.raises(InputError, match=r"corpus: none of the 1 pairs is left for training \(not_utf8 1\)"):
        run(tmp_path / "d", corpus=word)


def test_translation_memories_in_other_encodings_and_with_control_characters(tmp_path: Path) -> None:
    (text,) = spell("tmx", LINES).values()
    for encoding in ("iso-8859-1", "utf-16"):
        declared = text.decode().replace('"1.0"', f'"1.0" encoding="{encoding}"').replace("\u2028", "")
        word = write(tmp_path, "tmx", {"tmx": declared.encode(encoding)})
        assert read(word) == [READ[0], (2, b"c", b"d", None)]
    word = write(tmp_path, "tmx", spell("tmx", [(b"bell \x07 \x1b[31m", b"\xe9 \x01")]))
    assert read(word) == [(1, b"bell \x07 \x1b[31m", b"\xe9 \x01", None)]


def test_the_region_of_a_language_in_a_translation_memory(tmp_path: Path) -> None:
    word = write(tmp_path, "tmx", spell("tmx", LINES, "en-GB", "fr_CA"))
    assert read(word) == read(word, "en", "fr-CA") == read(word, "en_gb", "FR") == READ
    assert [line[3] for line in read(word, "en-US", "fr")] == ["no_translation"] * 2


@pytest.mark.parametrize(
    ("word", "languages", "expected"),
    [
        ("c.tsv", ("en", "fr"), ("1", "2")),
        ("c.tsv", ("fr", "en"), ("2", "1")),
        ("c.tsv", ("fr", "en_GB"), ("2", "1")),
        ("c.tsv", ("de", "fr"), ("1", "2")),
        ("c.tsv:fr,en", ("fr", "en"), ("1", "2")),
        ("c.tsv:fr,en", ("en", "fr"), ("2", "1")),
        ("c.tsv:_,en,_,fr", ("en", "fr"), ("2", "4")),
        ("c.tsv:fr,_,_,en", ("en", "fr"), ("4", "1")),
        ("?.tsv:_,_,en,fr", ("en", "fr"), ("3", "4")),
    ],
)
def test_columns(tmp_path: Path, word: str, languages: tuple[str, str], expected: tuple[str, str]) -> None:
    (tmp_path / "c.tsv").write_text("1\t2\t3\t4\t5\nalone\n")
    found = read(f"{tmp_path}/{word}", *languages)
    assert [line[1:] for line in found] == [(*(side.encode() for side in expected), None), (b"alone", b"", "no_tab")]


@pytest.mark.parametrize("columns", ["", "en", "en,en", "en,de", "en,fr,en", "en;fr"])
def test_what_are_no_columns(tmp_path: Path, columns: str) -> None:
    (tmp_path / "c.tsv").write_text("a\tb\n")
    with pytest.raises(
        InputError, match=r"corpus: found .*, the columns must be en and fr, in their order in the file"
    ):
        read(f"{tmp_path}/c.tsv:{columns}")


def _damaged_parquet(folder: Path) -> str:
    (content,) = spell("parquet", [(english.encode(), french.encode()) for english, french in pairs(500)]).values()
    return write(folder, "parquet", {"parquet": content[:4] + b"\xff" * 200 + content[204:]})


def _fifo(folder: Path) -> str:
    os.mkfifo(folder / "c.tsv")
    return f"{folder}/c.tsv"


def _folder(folder: Path) -> str:
    (folder / "c.jsonl").mkdir()
    return f"{folder}/c.jsonl"


def _dead_link(folder: Path) -> str:
    (folder / "c.tmx").symlink_to(folder / "gone")
    return f"{folder}/c.tmx"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (_folder, r"c\.jsonl is a folder; must be a file"),
        (_fifo, r"c\.tsv is no regular file; must be a file"),
        (_dead_link, r"there is no file .*c\.tmx"),
        (_damaged_parquet, r"c\.parquet, row group 0 is damaged"),
        (lambda f: write(f, "parquet", {"parquet": spell("parquet", LINES)["parquet"][:-5]}), r"truncated one"),
        (lambda f: write(f, "parquet", {"parquet": b""}), r"c\.parquet is no Parquet file"),
        (lambda f: write(f, "tsv.gz", {"tsv.gz": b"a\tb\n"}), r"c\.tsv\.gz is a damaged or truncated gzip file"),
        (
            lambda f: write(f, "tmx.gz", {"tmx.gz": gzip.compress(b"<tmx>")[:-9]}),
            r"c\.tmx\.gz cannot be read to its end",
        ),
        (lambda f: write(f, "tmx", {"tmx": b'<?xml version="1.0" encoding="none"?><tmx/>'}), r"unknown encoding: none"),
        (
            lambda f: write(f, "{en,fr}", {"en": b"", "fr": b"x\n"}),
            r"c\.\{en,fr\} is not aligned: .*c\.en has 0 lines, .*c\.fr has 1",
        ),
        (
            lambda f: write(f, "{en,fr}.gz", {"en.gz": gzip.compress(b"x\n" * 9), "fr.gz": gzip.compress(b"x\n" * 8)}),
            r"c\.en\.gz has 9 lines, .*c\.fr\.gz has 8",
        ),
    ],
)
def test_what_cannot_be_read_is_named_in_one_line(tmp_path: Path, make: Callable[[Path], str], message: str) -> None:
    with pytest.raises(InputError, match=message) as refusal:
        read(make(tmp_path))
    assert "\n" not in str(refusal.value)


@pytest.fixture
def as_nobody() -> Iterator[None]:
    """Root may read everything."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    yield
    os.seteuid(user)


def test_what_must_not_be_read(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    (tmp_path / "c.tsv").write_text("a\tb\n")
    (tmp_path / "c.tsv").chmod(0)
    request.getfixturevalue("as_nobody")
    with pytest.raises(InputError, match=r"^corpus: .*c\.tsv cannot be read: permission denied$"):
        read(f"{tmp_path}/c.tsv")


def test_symbolic_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("a\tb\n")
    (tmp_path / "c.tsv").symlink_to(tmp_path / "real")
    assert read(f"{tmp_path}/c.tsv") == [(1, b"a", b"b", None)]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("stride", "stripes"), [(7, 1), (20, 2), (50, 3), (1000, 5)])
def test_globs_give_the_same_lines_however_they_are_dealt_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, stride: int, stripes: int
) -> None:
    numbers = (30, 41, 9)
    for index, number in enumerate(numbers):
        folder = tmp_path / str(index)
        folder.mkdir()
        write(folder, form, spell(form, [(b"%d %d" % (index, line), b"x%d" % line) for line in range(number)]))
    for module in ("text", "parquet", "tmx"):
        monkeypatch.setattr(f"components.corpus.sources.{module}.BLOCK_PAIRS", 4)
    for module in ("text",):
        monkeypatch.setattr(f"components.corpus.sources.{module}.STRIPES", stripes)
        monkeypatch.setattr(f"components.corpus.sources.{module}.STRIDE", stride)
    monkeypatch.setattr(files, "STRIDE", stride)
    files._scan.cache_clear()
    sources = Corpus.parse("corpus", f"{tmp_path}/*/c.{form}").sources("en", "fr")
    files._scan.cache_clear()
    found = [
        (index, row["line"], row["source"], row["target"])
        for index, source in enumerate(sources)
        for range_ in source.ranges()
        for block in source.read(range_)
        for row in block.to_pylist()
    ]
    assert sorted(found) == [
        (index, line + 1, b"%d %d" % (index, line), b"x%d" % line)
        for index, number in enumerate(numbers)
        for line in range(number)
    ]
    # Whole blocks in the order of the file, whoever reads them.
    if form == "{en,fr}" and stride == 7:
        assert len(sources[0].ranges()) == 5
    if form == "tsv.gz":
        assert len(sources[0].ranges()) == stripes


def test_a_test_set_is_read_in_the_order_of_its_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("components.corpus.sources.text.BLOCK_PAIRS", 7)
    lines = pairs(60)
    content = "".join(json.dumps({"en": english, "fr": french}) + "\n" for english, french in lines)
    (tmp_path / "c.jsonl.gz").write_bytes(gzip.compress(content.encode()))
    (tmp_path / "d.tsv").write_text("a\tb\n")
    found = read_pairs("test_corpus", f"{tmp_path}/c.jsonl.gz {tmp_path}/d.tsv", "en", "fr")
    assert found == [*lines, ("a", "b")]
