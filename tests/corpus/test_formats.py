"""The words of a corpus parameter: parsed once, they know all that is asked of them later."""

from pathlib import Path

import pytest

from components.corpus.sources.formats import Corpus, CorpusWord
from components.errors import InputError


def test_a_word_is_format_path_columns_and_cap() -> None:
    word = CorpusWord.parse("gs://b/x*.tsv:fr,en#1000")
    assert word.format is not None
    assert word.format.usage.startswith("PATH.tsv")
    assert (word.groups["path"], word.groups["columns"], word.pairs) == ("gs://b/x*.tsv", "fr,en", 1000)
    assert str(word) == "gs://b/x*.tsv:fr,en#1000"


@pytest.mark.parametrize(
    ("word", "location"),
    [
        ("sample", None),
        ("sample:50#20", None),
        ("a.tsv:_,en,_,fr#5", "a.tsv"),
        ("data/*", "data/*"),
        ("gs://b/c.{en,fr}.gz#7", "gs://b/c.{en,fr}.gz"),
        ("tfds:opus:train[:10%]", "s3://b/sets"),
    ],
)
def test_a_word_knows_where_its_files_are(word: str, location: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFDS_DATA_DIR", "s3://b/sets")
    parsed = CorpusWord.parse(word)
    assert parsed.location == location
    assert parsed.needs_this_machine == (location is not None and "://" not in location)


@pytest.mark.parametrize(
    ("word", "text", "pairs", "weight"),
    [
        ("x.{en,fr}*3", "x.{en,fr}", None, 3),
        ("x.{en,fr}.gz#5000*0.5", "x.{en,fr}.gz", 5000, 0.5),
        ("x*.tsv:fr,en*12.125", "x*.tsv:fr,en", None, 12.125),
        ("data/*#7*1000", "data/*", 7, 1000),
        ("sample:50*.25", None, None, None),
        ("tfds:opus:train[:10%]*2", "tfds:opus:train[:10%]", None, 2),
        # Globs.
        ("data/*", "data/*", None, 1),
        ("data/2024*3", "data/2024*3", None, 1),
        ("x.{en,fr}*", "x.{en,fr}*", None, 1),
        ("x.{en,fr}*.gz#5", "x.{en,fr}*.gz", 5, 1),
        ("c*1/x.tsv", "c*1/x.tsv", None, 1),
    ],
)
def test_a_weight_stands_last(word: str, text: str | None, pairs: int | None, weight: float | None) -> None:
    if text is None:
        with pytest.raises(InputError, match=r"after \* must stand how many times"):
            CorpusWord.parse(word)
        return
    parsed = CorpusWord.parse(word)
    assert (parsed.text, parsed.pairs, parsed.weight, str(parsed)) == (text, pairs, weight, word)


@pytest.mark.parametrize("weight", ["*0", "*-1", "*x", "*1e9", "*1001", "*0.0005", "* 3", "*nan", "*8*3", "*3#100"])
@pytest.mark.parametrize("word", ["a.tsv", "a.{en,fr}#5", "sample"])
def test_what_is_no_weight_is_refused(word: str, weight: str) -> None:
    with pytest.raises(
        InputError, match=r"corpus: found '.*, (after \* must stand|must have one|the weight must stand)"
    ):
        Corpus.parse("corpus", f"'{word}{weight}'")


def test_only_what_is_drawn_has_a_weight() -> None:
    with pytest.raises(InputError, match=r"test_corpus: found 'a.tsv\*3', must be without a weight"):
        Corpus.parse("test_corpus", "a.tsv*3")


def test_paths_become_absolute_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = "a.tsv:fr,en#5*3 b.{en,fr}.gz data/* /c.tmx gs://b/d.jsonl sample:9 tfds:opus"
    assert [str(word) for word in Corpus.parse("corpus", words).absolute().words] == [
        f"{tmp_path}/a.tsv:fr,en#5*3",
        f"{tmp_path}/b.{{en,fr}}.gz",
        f"{tmp_path}/data/*",
        *("/c.tmx", "gs://b/d.jsonl", "sample:9", "tfds:opus"),
    ]


def test_the_files_of_a_glob_may_be_of_several_formats(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("One.\tUn.\n")
    (tmp_path / "b.jsonl").write_text('{"en": "Two.", "fr": "Deux."}\n')
    sources = Corpus.parse("corpus", f"{tmp_path}/*").sources("en", "fr")
    assert [type(source).__name__ for source in sources] == ["SeparatedFile", "JsonLines"]
