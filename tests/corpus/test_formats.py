"""The words of a corpus parameter: parsed once, they know all that is asked of them later."""

from pathlib import Path

import pytest

from components.corpus.sources.formats import Corpus, CorpusWord


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


def test_paths_become_absolute_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = "a.tsv:fr,en#5 b.{en,fr}.gz data/* /c.tmx gs://b/d.jsonl sample:9 tfds:opus"
    assert [str(word) for word in Corpus.parse("corpus", words).absolute().words] == [
        f"{tmp_path}/a.tsv:fr,en#5",
        f"{tmp_path}/b.{{en,fr}}.gz",
        f"{tmp_path}/data/*",
        *("/c.tmx", "gs://b/d.jsonl", "sample:9", "tfds:opus"),
    ]


def test_the_files_of_a_glob_may_be_of_several_formats(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("One.\tUn.\n")
    (tmp_path / "b.jsonl").write_text('{"en": "Two.", "fr": "Deux."}\n')
    sources = Corpus.parse("corpus", f"{tmp_path}/*").sources("en", "fr")
    assert [type(source).__name__ for source in sources] == ["SeparatedFile", "JsonLines"]
