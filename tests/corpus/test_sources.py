"""Sources: every line once, with its number, whatever the file looks like."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from components.corpus import files
from components.corpus.sources import Source, parse_corpus
from components.errors import InputError
from tests.corpus.corpora import pairs, write_aligned

Line = tuple[int, str | None, str | None, str | None]


def read(source: Source) -> list[Line]:
    """(line, source, target, fault) of everything a source holds."""
    return [
        (row["line"], *(row[side].decode("utf-8", "replace") for side in ("source", "target")), row["fault"])
        for work in source.work()
        for block in source.read(work)
        for row in block.to_pylist()
    ]


def parse(word: str, source_language: str = "en", target_language: str = "fr") -> Source:
    return parse_corpus("corpus", word, source_language, target_language)[0]


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
    monkeypatch.setattr("components.corpus.sources.aligned.BLOCK_PAIRS", 7)
    monkeypatch.setattr("components.corpus.sources.separated.BLOCK_PAIRS", 7)
    write_aligned(tmp_path, pairs(50))
    for language in ("en", "fr"):
        (tmp_path / f"corpus.{language}.gz").write_bytes(gzip.compress((tmp_path / f"corpus.{language}").read_bytes()))
    (tmp_path / "c.tsv.gz").write_bytes(gzip.compress("".join(f"{en}\t{fr}\n" for en, fr in pairs(50)).encode()))
    for word in ("corpus.{en,fr}.gz", "c.tsv.gz"):
        source = parse(str(tmp_path / word))
        assert len(source.work()) == 2
        assert sorted(read(source)) == numbered(pairs(50))


@pytest.mark.parametrize("stride", [1, 7, 10, 50, 51])
@pytest.mark.parametrize("chunk", [5, 64, 1 << 20])
def test_parts_are_aligned_and_together_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stride: int, chunk: int
) -> None:
    monkeypatch.setattr(files, "STRIDE", stride)
    monkeypatch.setattr("components.corpus.sources.aligned.STRIDE", stride)
    monkeypatch.setattr("components.corpus.sources.separated.STRIDE", stride)
    monkeypatch.setattr(files, "CHUNK", chunk)
    files._scan.cache_clear()
    lines = pairs(50)
    source = parse(write_aligned(tmp_path, lines, name=f"s{stride}-{chunk}"))
    assert len(source.work()) == -(-50 // stride)
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
    ],
)
def test_what_a_line_is(tmp_path: Path, content: bytes, lines: list[str]) -> None:
    for language in ("en", "fr"):
        (tmp_path / f"c.{language}").write_bytes(content)
    assert read(parse(str(tmp_path / "c.{en,fr}"))) == numbered([(line, line) for line in lines])


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
    assert len(source.work()) == 2
    reverse = read(parse("sample:3", "fr", "en"))
    assert [line[1:3] for line in reverse] == [(line[2], line[1]) for line in lines[:3]]


def test_several_corpora_and_quoted_paths(tmp_path: Path) -> None:
    folder = tmp_path / "with blank"
    folder.mkdir()
    word = write_aligned(folder, pairs(2))
    sources = parse_corpus("corpus", f"'{word}' sample:5", "en", "fr")
    assert [len(read(source)) for source in sources] == [2, 5]


def test_the_digest_follows_the_content(tmp_path: Path) -> None:
    def digest() -> str:
        return parse(str(tmp_path / "corpus.{en,fr}")).digest()

    write_aligned(tmp_path, pairs(5))
    first = digest()
    write_aligned(tmp_path, pairs(5)[::-1])
    assert digest() != first
    write_aligned(tmp_path, pairs(5))
    assert digest() == first


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
        (lambda folder: "corpus.docx", r"found 'corpus\.docx', must be one of the forms sample\[:PAIRS\], PATH"),
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
