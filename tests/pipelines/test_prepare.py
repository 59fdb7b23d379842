"""``prepare`` through its real entry point, from the corpus to the records."""

import dataclasses
import gzip
import json
import random
import re
import resource
import subprocess
import sys
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from mlflow import MlflowClient

from components.corpus import cleaning, writing
from components.corpus.report import LONGEST
from components.corpus.rules import TEXT_RULES, TOKEN_RULES
from components.dataset.folder import find_intact
from components.dataset.heldout import read_heldout
from components.dataset.manifest import SPLITS, Counts, Manifest
from components.dataset.records import MODULUS, fingerprint_of, format_fingerprint
from components.errors import InputError
from components.evaluation.corpus_page import corpus_page
from components.text.codec import TextCodec, learnt_file
from components.text.inventory import Inventory
from components.text.normalization import simplify
from components.text.vocabulary import SPECIAL_TOKENS, UNK
from components.text.words import ALWAYS, CONTINUES, PLACEHOLDERS
from pipelines import prepare
from tests.conftest import PROJECT
from tests.corpus.corpora import pairs, write_aligned
from tests.corpus.dirt import LATE, DirtyLine, dirty_corpus
from tests.dataset.test_records import ids, read

Pairs = list[tuple[str, str]]
# Enough for what every vocabulary holds and for some of the words; the others are spelled.
VOCAB_SIZE = 520


def run(folder: Path, **parameters: Any) -> Manifest:
    """Runs the entry point with its command line; returns the manifest of what it made in ``folder``."""
    values = {"data_dir": folder, "validation_share": 0.1, "test_share": 0.1, **parameters}
    prepare.main([f"--{name}={value}" for name, value in values.items()])
    return Manifest.load(folder)


def records(folder: Path, manifest: Manifest, split: str) -> list[tuple[list[int], list[int]]]:
    return [pair for bucket in manifest.splits[split] for file in bucket.files for pair in read(folder / file)]


def rejected(folder: Path) -> list[dict[str, Any]]:
    files = sorted((folder / "rejected").glob("*.jsonl")) if (folder / "rejected").exists() else []
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").split("\n") if line]


def sentences(folder: Path, manifest: Manifest, split: str) -> list[tuple[str, str]]:
    """The sentences of a split, from its records: the source simplified, placeholders for the spans of both."""
    codec, pairs = TextCodec.load(folder), records(folder, manifest, split)
    english = [codec.source_text(source) for source, _ in pairs]
    return list(zip(english, codec.decode_target(target for _, target in pairs), strict=True))


def encoded(folder: Path, pairs: Sequence[tuple[str, str]]) -> Counter[tuple[tuple[int, ...], tuple[int, ...]]]:
    """What the dataset's codec makes of sentence pairs, in the form of :func:`counted`."""
    sides = (pa.array(side, pa.string()) for side in zip(*pairs, strict=True))
    return counted(zip(*(ids.to_pylist() for ids in TextCodec.load(folder).encode_pairs(*sides)), strict=True))


def counted(pairs: Iterable[tuple[list[int], list[int]]]) -> Counter[tuple[tuple[int, ...], tuple[int, ...]]]:
    return Counter((tuple(source), tuple(target)) for source, target in pairs)


def train_pairs(folder: Path, manifest: Manifest) -> set[tuple[str, str]]:
    return set(sentences(folder, manifest, "train"))


@pytest.fixture(scope="module")
def module_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("prepare")


@pytest.fixture
def prepared(module_folder: Path) -> tuple[Path, Manifest, Pairs]:
    """A dataset of 1,000 pairs, made once for all tests that only look at it."""
    folder, lines = module_folder / "dataset", pairs(1000)
    if not folder.exists():
        run(folder, corpus=write_aligned(module_folder, lines), vocab_size=VOCAB_SIZE)
    return folder, Manifest.load(folder), lines


def test_records_hold_what_the_codec_makes_of_the_sentences(prepared: tuple[Path, Manifest, Pairs]) -> None:
    folder, manifest, lines = prepared
    written = {split: counted(records(folder, manifest, split)) for split in SPLITS}
    assert sum(written.values(), Counter()) == encoded(folder, lines)
    for split in SPLITS:
        assert sum(written[split].values()) == manifest.records(split) > 0
    assert {pair for split in SPLITS for pair in sentences(folder, manifest, split)} == set(lines)


def test_the_manifest_tells_the_truth(prepared: tuple[Path, Manifest, Pairs]) -> None:
    folder, manifest, _ = prepared
    assert dataclasses.asdict(manifest.counts) == {"read": 1000, "kept": 1000, "duplicates": 0, "rejected": {}}
    total = 0
    for split in SPLITS:
        for bucket in manifest.splits[split]:
            found = [pair for file in bucket.files for pair in read(folder / file)]
            targets = [len(target) - 1 for _, target in found]
            assert bucket.records == len(found)
            assert bucket.source_tokens == sum(len(source) for source, _ in found)
            assert bucket.target_tokens == sum(targets)
            assert bucket.padding == pytest.approx(1 - sum(targets) / (len(targets) * max(targets)), abs=1e-6)
            assert bucket.bytes == sum((folder / file).stat().st_size for file in bucket.files)
            for source, target in found:
                assert bucket.low <= max(len(source), len(target) - 2) <= bucket.high
            total += fingerprint_of(split, ids([pair[0] for pair in found]), ids([pair[1] for pair in found]))
    assert manifest.fingerprint == format_fingerprint(total % MODULUS)
    train = records(folder, manifest, "train")
    for side, language in enumerate(("en", "fr")):
        # Without SOS and EOS.
        running = Counter(token for pair in train for token in (pair[1][1:-1] if side else pair[0]))
        facts = manifest.vocabularies[("source", "target")[side]]
        assert (facts.language, facts.distinct_tokens) == (language, len(running))
        assert (facts.oov_rate, running[UNK]) == (0, 0)
        # By falling frequency.
        counts = [running[token] for token in range(len(SPECIAL_TOKENS), facts.size)]
        assert counts == sorted(counts, reverse=True)
        assert len((folder / f"vocabulary.{language}.txt").read_text().split("\n")[:-1]) == facts.size <= VOCAB_SIZE


def test_the_vocabulary_holds_every_token_that_there_can_be(prepared: tuple[Path, Manifest, Pairs]) -> None:
    folder, _, _ = prepared
    codec = TextCodec.load(folder)
    for language, vocabulary in (("en", codec.source_vocabulary), ("fr", codec.target_vocabulary)):
        inventory = Inventory.load(learnt_file(folder, language).read_bytes())
        assert sorted(vocabulary.tokens) == sorted([*SPECIAL_TOKENS, *inventory.tokens()])
        assert set(vocabulary.tokens) > {*SPECIAL_TOKENS, *ALWAYS}


def test_vocab_size_and_min_count_decide_which_words_have_a_token(tmp_path: Path) -> None:
    corpus = write_aligned(tmp_path, [*pairs(300), *((f"A zebra, {n}.", f"Un zèbre, {n}.") for n in range(5))])
    common = {"corpus": corpus, "tokenizer": "word", "validation_share": 0, "test_share": 0}
    known = {}
    for size, min_count in ((1000, 5), (1000, 6), (474, 1)):
        manifest = run(tmp_path / f"{size}-{min_count}", vocab_size=size, min_count=min_count, **common)
        learnt = Inventory.load(learnt_file(tmp_path / f"{size}-{min_count}", "en").read_bytes())
        assert manifest.vocabularies["source"].size == len(SPECIAL_TOKENS) + len(learnt.tokens()) <= size
        known[size, min_count] = set(learnt.words)
    assert known[1000, 5] - known[1000, 6] == {"zebra"}
    assert known[474, 1] < known[1000, 5]
    assert "the" in known[474, 1]


def test_held_out_sentences_stand_in_the_order_of_the_corpus(prepared: tuple[Path, Manifest, Pairs]) -> None:
    folder, manifest, lines = prepared
    for split in ("validation", "test"):
        held_out = read_heldout(folder, manifest.heldout[split])
        assert held_out == [pair for pair in lines if pair in set(held_out)]
        assert len(held_out) == manifest.heldout[split].sentences == manifest.records(split)
        assert 50 < len(held_out) < 150
        assert not manifest.heldout[split].given


def test_no_held_out_source_sentence_occurs_in_train(tmp_path: Path) -> None:
    lines = [(source, f"{target} {n}") for source, target in pairs(200) for n in range(3)] + pairs(200) * 2
    manifest = run(tmp_path / "d", corpus=write_aligned(tmp_path, lines), vocab_size=2000)
    sources = {source for source, _ in train_pairs(tmp_path / "d", manifest)}
    assert sources
    for split in ("validation", "test"):
        held_out = {source for source, _ in read_heldout(tmp_path / "d", manifest.heldout[split])}
        assert held_out
        assert not held_out & sources
    assert manifest.counts.duplicates == 200


def test_no_variant_of_a_held_out_sentence_occurs_in_train(tmp_path: Path) -> None:
    """Other letter case, other blanks, composed or not: with a split of its own, and with a given test corpus."""
    lines = [(f"L'été {source}", target) for source, target in pairs(300)]
    lines += [(f"  {source.upper()} ", f"{target} bis") for source, target in lines]
    lines += [
        (unicodedata.normalize("NFD", source).replace(" ", "\u00a0"), f"{target} ter") for source, target in lines
    ]
    given = {"test_corpus": write_aligned(tmp_path, [(source.swapcase(), "x") for source, _ in lines[:20]], "given")}
    for name, corpora in (("split", {}), ("given", given)):
        folder = tmp_path / name
        manifest = run(folder, corpus=write_aligned(tmp_path, lines), vocab_size=5000, **corpora)
        held_out = {
            variant(source) for split in SPLITS[1:] for source, _ in read_heldout(folder, manifest.heldout[split])
        }
        train = {variant(source) for source, _ in train_pairs(folder, manifest)}
        assert len(held_out) > 20
        assert len(train) > 100
        assert not held_out & train
    assert manifest.counts.rejected == {"held_out": 80}


def variant(sentence: str) -> str:
    """What is left of a sentence without letter case and kinds of blanks."""
    return " ".join(unicodedata.normalize("NFC", sentence).lower().split())


@pytest.mark.slow
def test_tatoeba_grown_by_half_keeps_its_test_sentences(tmp_path: Path, shared_data: Path) -> None:
    lines = gzip.decompress((shared_data / "tatoeba/fra.txt.gz").read_bytes()).split(b"\n")
    random.Random(0).shuffle(lines)
    for name, number in (("small", len(lines) * 2 // 3), ("large", len(lines))):
        (tmp_path / f"{name}.tsv").write_bytes(b"\n".join(lines[:number]) + b"\n")
    shares = {"validation_share": 0.02, "test_share": 0.02}
    tests, trains = [], []
    for name in ("small", "large"):
        manifest = run(tmp_path / name, corpus=tmp_path / f"{name}.tsv", vocab_size=1_000_000, **shares)
        tests.append(set(read_heldout(tmp_path / name, manifest.heldout["test"])))
        trains.append({variant(source) for source, _ in train_pairs(tmp_path / name, manifest)})
    assert len(tests[0]) > 1500
    assert tests[0] < tests[1]
    for test, train in zip(tests, trains, strict=True):
        assert not {variant(source) for source, _ in test} & train


def test_a_growing_corpus_keeps_its_test_sentences(tmp_path: Path) -> None:
    lines = pairs(900)
    small = run(tmp_path / "small", corpus=write_aligned(tmp_path, lines[:600], "small"))
    large = run(tmp_path / "large", corpus=write_aligned(tmp_path, lines[::-1], "large"), validation_share=0.2)
    old = set(read_heldout(tmp_path / "small", small.heldout["test"]))
    assert old
    assert old <= set(read_heldout(tmp_path / "large", large.heldout["test"]))


def test_the_same_dataset_whatever_the_workers_and_shards(
    prepared: tuple[Path, Manifest, Pairs], tmp_path: Path
) -> None:
    folder, manifest, lines = prepared
    common = {"corpus": write_aligned(tmp_path, lines), "vocab_size": VOCAB_SIZE}
    one = run(tmp_path / "one", beam_options="--direct_num_workers=1 --direct_running_mode=in_memory", **common)
    many = run(tmp_path / "many", num_shards=3, beam_options="--direct_num_workers=3", **common)
    assert one.fingerprint == many.fingerprint == manifest.fingerprint
    assert one.counts == many.counts == manifest.counts
    assert max(len(bucket.files) for bucket in many.splits["train"]) == 3
    for split in SPLITS:
        # In the order of the files too, so that training sees the same sequence.
        assert records(tmp_path / "many", many, split) == records(folder, manifest, split)
    for file in ("vocabulary.en.txt", "vocabulary.fr.txt", "heldout/test.jsonl"):
        assert (tmp_path / "one" / file).read_bytes() == (folder / file).read_bytes()


def test_a_mix_is_the_same_records_with_weights(
    prepared: tuple[Path, Manifest, Pairs], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = prepared[2]
    own = write_aligned(tmp_path, [*lines[:100], *lines[:20], ("", "vide")], "own")
    general = write_aligned(tmp_path, lines[80:], "general")
    common = {"vocab_size": VOCAB_SIZE, "validation_corpus": "sample:50"}
    mixed = run(tmp_path / "mixed", corpus=f"{own}*8 {general}*0.5", **common)
    summary = capsys.readouterr().out
    other = run(tmp_path / "other", corpus=f"{own}*4 {general}*0.5", num_shards=2, **common)
    assert mixed.fingerprint != other.fingerprint
    assert mixed.counts == other.counts == Counts(1041, 1000, 40, {"empty": 1})
    # Of a pair that both words hold, the first one stays. Only training draws.
    for split in SPLITS[1:]:
        assert records(tmp_path / "mixed", mixed, split) == records(tmp_path / "other", other, split)
        assert {(bucket.word, bucket.weight) for bucket in mixed.splits[split]} <= {(0, 1)}
    first, second = mixed.statistics["words"]
    assert (first["word"], first["weight"], first["read"], first["kept"]) == (f"{own}*8", 8, 121, 100)
    assert (second["word"], second["weight"], second["read"], second["kept"]) == (f"{general}*0.5", 0.5, 920, 900)
    assert first["draws"] == 8 * first["train"]
    assert second["draws"] == pytest.approx(second["train"] / 2, abs=len(mixed.splits["train"]))
    assert mixed.draws() == first["draws"] + second["draws"] != mixed.records("train")
    assert f"an epoch draws {own}*8 {first['draws']:,}, {general}*0.5 {second['draws']:,}" in summary
    for label in (f"{own}*8", f"{general}*0.5"):
        assert label in corpus_page(mixed)
    total = 0
    for number, (word, label) in enumerate(zip((lines[:100], lines[100:]), ("train*8", "train*0.5"), strict=True), 1):
        buckets = [bucket for bucket in mixed.splits["train"] if bucket.word == number]
        found = [pair for bucket in buckets for file in bucket.files for pair in read(tmp_path / "mixed" / file)]
        assert not counted(found) - encoded(tmp_path / "mixed", word)
        total += fingerprint_of(label, ids([pair[0] for pair in found]), ids([pair[1] for pair in found]))
    for split in SPLITS[1:]:
        found = records(tmp_path / "mixed", mixed, split)
        total += fingerprint_of(split, ids([pair[0] for pair in found]), ids([pair[1] for pair in found]))
    assert mixed.fingerprint == format_fingerprint(total % MODULUS)


def test_a_guard_is_kept_from_training_and_makes_no_records(
    prepared: tuple[Path, Manifest, Pairs], tmp_path: Path
) -> None:
    lines = prepared[2]
    common = {"corpus": write_aligned(tmp_path, lines), "vocab_size": VOCAB_SIZE}
    guard = [*lines[:30], ("Long " * 60, "Long " * 60)]
    guarded = run(tmp_path / "d", guard_corpus=write_aligned(tmp_path, guard, "guard"), **common)
    assert read_heldout(tmp_path / "d", guarded.heldout["guard"]) == guard
    assert "guard" not in guarded.splits
    assert guarded.counts.kept + guarded.counts.rejected["held_out"] == 1000
    assert guarded.counts.rejected["held_out"] >= 30
    known = {pair for split in SPLITS for pair in sentences(tmp_path / "d", guarded, split)}
    assert known <= set(lines[30:])
    assert guarded.statistics["left_out"] == {}
    (tmp_path / "bad.tsv").write_text("One.\tUn.\nTwo.\n")
    with pytest.raises(InputError, match=r"guard_corpus: .*bad.tsv, line 2: no_tab; a corpus given for"):
        run(tmp_path / "e", guard_corpus=tmp_path / "bad.tsv", **common)
    assert not (tmp_path / "e").exists()


@pytest.mark.parametrize("tokenizer", ["sentencepiece", "sentencepiece-bpe"])
def test_a_tokenizer_learns_the_same_whatever_the_workers_and_the_order(tokenizer: str, tmp_path: Path) -> None:
    lines = [*pairs(400), *pairs(400)[:50], ("One, “two” 🦓.", "Un, «\u00a0deux\u00a0» 🦓.")]
    common = {"vocab_size": 480, "tokenizer": tokenizer}
    corpora = [write_aligned(tmp_path, order, name) for name, order in (("a", lines), ("b", lines[::-1]))]
    one_worker = "--direct_running_mode=multi_threading --direct_num_workers=1"
    one = run(tmp_path / "one", corpus=corpora[0], beam_options=one_worker, **common)
    two = run(tmp_path / "two", corpus=corpora[1], beam_options="--direct_num_workers=2", **common)
    assert one.fingerprint == two.fingerprint
    assert one.counts == two.counts
    for file in ("tokenizer/en.model", "tokenizer/fr.model", "vocabulary.en.txt", "vocabulary.fr.txt"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes() != b""
    assert 420 < one.vocabularies["source"].size <= 480
    held_out = {pair for split in ("validation", "test") for pair in read_heldout(tmp_path / "one", one.heldout[split])}
    as_read = {lines[-1]: (f'One, "two" {PLACEHOLDERS[0]}.', f"Un, «\u00a0deux\u00a0» {PLACEHOLDERS[0]}.")}
    assert train_pairs(tmp_path / "one", one) == {as_read.get(pair, pair) for pair in set(lines) - held_out}


@pytest.mark.parametrize("tokenizer", ["sentencepiece", "sentencepiece-bpe"])
@pytest.mark.parametrize("vocab_size", [6, 20_000])
def test_a_tokenizer_learns_from_ten_sentences_what_there_is(
    tokenizer: str, vocab_size: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = write_aligned(tmp_path, pairs(10))
    parameters = {"tokenizer": tokenizer, "vocab_size": vocab_size, "max_length": 100}
    manifest = run(tmp_path / "d", corpus=corpus, validation_share=0, test_share=0, **parameters)
    sizes = [manifest.vocabularies[side].size for side in ("source", "target")]
    assert manifest.records("train") == 10
    for language, size in zip(("en", "fr"), sizes, strict=True):
        learnt = Inventory.load(learnt_file(tmp_path / "d", language).read_bytes())
        # Whatever the size: what any text can be written with.
        letters = {*learnt.characters, *(CONTINUES + letter for letter in learnt.characters)}
        pieces = set(learnt.tokens()) - {*ALWAYS, *learnt.symbols} - letters
        assert size == len(SPECIAL_TOKENS) + len(learnt.tokens())
        # A model has room for the digits, which it never holds.
        assert len(pieces) <= 10 if vocab_size == 6 else 2 < len(pieces) < 100
    told = f"{sizes[0]} tokens of en (there are no more), {sizes[1]} tokens of fr (there are no more)"
    assert (told in capsys.readouterr().out) == (vocab_size == 20_000)


def test_a_corpus_without_a_sentence_to_learn_from_is_refused(tmp_path: Path) -> None:
    corpora = {name: write_aligned(tmp_path, pairs(1), name) for name in ("corpus", "test_corpus")}
    with pytest.raises(InputError, match=r"corpus: none of the 1 pairs is left for training \(held_out 1\)"):
        run(tmp_path / "d", tokenizer="sentencepiece", **corpora)


def test_compressed_and_separated_files_give_the_same_dataset(
    prepared: tuple[Path, Manifest, Pairs], tmp_path: Path
) -> None:
    _, manifest, lines = prepared
    text = "".join(f"{source}\t{target}\n" for source, target in lines)
    (tmp_path / "corpus.txt.gz").write_bytes(gzip.compress(text.encode()))
    assert (
        run(tmp_path / "d", corpus=tmp_path / "corpus.txt.gz", vocab_size=VOCAB_SIZE).fingerprint
        == manifest.fingerprint
    )


def test_globs_of_compressed_files_in_the_same_order_whatever_the_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every file is read in stripes, by whichever worker is free."""
    lines, manifests = pairs(900), {}
    for number in range(3):
        write_aligned(tmp_path, lines[300 * number : 300 * number + 300], f"part-{number}")
        for path in tmp_path.glob("part-*.??"):
            path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    monkeypatch.setattr("components.corpus.sources.text.BLOCK_PAIRS", 32)
    for workers, stripes in ((1, 1), (1, 3), (2, 2)):
        monkeypatch.setattr("components.corpus.sources.text.STRIPES", stripes)
        folder = tmp_path / f"{workers}-{stripes}"
        options = f"--direct_num_workers={workers} --direct_running_mode=multi_threading"
        manifests[folder] = run(folder, corpus=tmp_path / "part-*.{en,fr}.gz", vocab_size=60, beam_options=options)
    assert len({manifest.fingerprint for manifest in manifests.values()}) == 1
    for split in SPLITS:
        written = [records(folder, manifest, split) for folder, manifest in manifests.items()]
        assert written[0] == written[1] == written[2] != []
    held_out = read_heldout(folder, manifests[folder].heldout["test"])
    assert held_out == [pair for pair in lines if pair in set(held_out)]


def test_every_line_is_kept_duplicate_or_rejected(tmp_path: Path) -> None:
    good = pairs(100)
    dirt: dict[str, tuple[str, str]] = {
        "not_utf8": ("caf\udce9", "un café"),
        "empty": ("  \u2028", "vide"),
        "control_characters": ("a\x07 bell", "une cloche"),
        "broken_encoding": ("the school", "l'Ã©cole"),
        "identical": ("Same  words", "Same words"),
        "few_letters": ("12345", "67890"),
        "too_long": ("word " * 51, "mot " * 20),
        "length_ratio": ("A", "le " * 40),
    }
    lines = good[:50] + list(dirt.values()) + [good[3], (f" {good[4][0]} ", good[4][1])] + good[50:]
    manifest = run(tmp_path / "d", corpus=write_aligned(tmp_path, lines), vocab_size=500)
    assert manifest.counts.rejected == dict.fromkeys(sorted(dirt), 1)
    assert (manifest.counts.read, manifest.counts.kept, manifest.counts.duplicates) == (110, 100, 2)
    told = {line["rule"]: line for line in rejected(tmp_path / "d") if line["rule"] != "duplicate"}
    assert {rule: line["line"] for rule, line in told.items()} == {rule: 51 + n for n, rule in enumerate(dirt)}
    assert told["not_utf8"]["source"] == "caf\\xe9"
    assert told["control_characters"]["source"] == "a\x07 bell"
    assert {line["line"] for line in rejected(tmp_path / "d") if line["rule"] == "duplicate"} == {59, 60}
    assert all(line["file"].endswith("corpus.{en,fr}") for line in told.values())


@pytest.mark.parametrize(
    ("owner", "name"),
    [(cleaning.DeduplicatePartition, "process"), (writing, "_by_range"), (writing, "_write_held_out")],
)
def test_lost_lines_stop_the_preparation(
    owner: Any, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Each of three steps loses the first pair of whatever it gets."""
    whole, before = getattr(owner, name), int(isinstance(owner, type))

    def lose(*arguments: Any) -> Any:
        element = arguments[before]
        key, blocks = element if isinstance(element, tuple) else (None, [element])
        first, *rest = blocks
        blocks = [first.slice(1), *rest]
        left = (key, blocks) if key is not None else blocks[0]
        return whole(*arguments[:before], left, *arguments[before + 1 :])

    monkeypatch.setattr(owner, name, lose)
    corpus = write_aligned(tmp_path, [*pairs(200), ("12345", "67890"), ("12345", "678")])
    with pytest.raises(ValueError, match=r"were read, but \d+ are accounted for|has \d+ pairs, but \d+ are in"):
        run(tmp_path / "d", corpus=corpus)
    assert not (tmp_path / "d").exists()


def test_rules_that_are_off_reject_nothing(tmp_path: Path) -> None:
    lines = [*pairs(50), ("Same", "Same"), ("12345", "67890"), pairs(1)[0]]
    manifest = run(
        tmp_path / "d", corpus=write_aligned(tmp_path, lines), rules_off="identical few_letters duplicate", test_share=0
    )
    assert (manifest.counts.kept, manifest.counts.rejected, manifest.counts.duplicates) == (53, {}, 0)


def test_dirt_is_prepared_with_all_rules_off(tmp_path: Path) -> None:
    """Only what is no pair of texts goes; the rest makes records that can be read and told from each other."""
    lines = list(dirty_corpus("aligned", 600))
    names = [rule.name for rule in (*TEXT_RULES, *TOKEN_RULES)]
    manifest = run(
        tmp_path / "d", corpus=_write(tmp_path, "aligned", lines), rules_off=f"normalize duplicate {' '.join(names)}"
    )
    # Of the source, any kind of space is one.
    blank = sum(
        not (line.raw[0].decode("utf-8", "replace").strip(" \u00a0") and line.raw[1].strip(b" ")) for line in lines
    )
    undecodable = sum(line.fate == "not_utf8" for line in lines)
    assert manifest.counts.rejected == {"no_tokens": blank, "not_utf8": undecodable}
    assert manifest.counts.duplicates == 0
    assert sum(len(records(tmp_path / "d", manifest, split)) for split in SPLITS) == manifest.counts.kept
    codec = TextCodec.load(tmp_path / "d")
    assert len(codec.source_vocabulary) == manifest.vocabularies["source"].size
    assert len(codec.target_vocabulary) == manifest.vocabularies["target"].size
    assert len(manifest.statistics["lengths"]["train"]["source"]) <= LONGEST + 1


def test_a_given_test_corpus_is_scored_whole_and_kept_out_of_train(tmp_path: Path) -> None:
    lines = pairs(300)
    given = [lines[5], lines[5], ("", "vide"), ("word " * 60, "mot"), ("e\u0301  12345", "12345\t6"), lines[2]]
    corpora = {"corpus": write_aligned(tmp_path, lines), "test_corpus": write_aligned(tmp_path, given, "given")}
    manifest = run(tmp_path / "d", vocab_size=500, **corpora)
    assert read_heldout(tmp_path / "d", manifest.heldout["test"]) == given
    assert manifest.heldout["test"].given
    assert manifest.counts.rejected == {"held_out": 2}
    assert (manifest.counts.read, manifest.counts.kept) == (300, 298)
    assert [line["line"] for line in rejected(tmp_path / "d")] == [3, 6]
    assert not {given[0][0], given[-1][0]} & {source for source, _ in train_pairs(tmp_path / "d", manifest)}
    # Blank and over-long sentences make no record, but the others do, duplicates included.
    assert manifest.records("test") == 4
    assert manifest.statistics["left_out"] == {"test": 2}
    assert manifest.records("validation") > 0


def test_another_language_pair_and_direction(tmp_path: Path) -> None:
    lines = pairs(50)
    write_aligned(tmp_path, lines)
    manifest = run(tmp_path / "d", corpus=tmp_path / "corpus.{en,fr}", source_language="fr", target_language="en")
    assert manifest.vocabularies["source"].language == "fr"
    assert (tmp_path / "d/vocabulary.fr.txt").read_text().splitlines()[4:] != []
    assert {
        pair for split in ("validation", "test") for pair in read_heldout(tmp_path / "d", manifest.heldout[split])
    } <= {(french, english) for english, french in lines}


def test_the_same_dataset_is_not_made_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus, folder = write_aligned(tmp_path, pairs(50)), tmp_path / "d"
    run(folder, corpus=corpus)
    made = (folder / "manifest.json").stat().st_mtime_ns
    run(folder, corpus=corpus)
    assert (folder / "manifest.json").stat().st_mtime_ns == made
    assert "holds this dataset already" in capsys.readouterr().out
    with pytest.raises(InputError, match="another dataset"):
        run(folder, corpus=corpus, vocab_size=50)
    run(folder, corpus=corpus, force="train,prepare")
    assert (folder / "manifest.json").stat().st_mtime_ns > made


def test_the_run_shows_the_corpus_in_which_no_word_is_unknown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from mlflow import MlflowClient

    manifest = run(tmp_path / "d", corpus=write_aligned(tmp_path, [*pairs(200), ("Same", "Same")]), vocab_size=12)
    client = MlflowClient()
    (made,) = client.search_runs(["0"])
    assert {file.path for file in client.list_artifacts(made.info.run_id)} == {"corpus.html", "manifest.json"}
    page = Path(client.download_artifacts(made.info.run_id, "corpus.html")).read_text(encoding="utf-8")
    assert page == corpus_page(manifest)
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("prepare: ")]
    assert said[-1] == f"prepare: {tmp_path}/d/rejected lists each line that was not kept: where it stood, and why"
    # Though the vocabulary has no room for any word.
    assert "warning" not in made.data.tags
    assert "Warning" not in made.data.tags["mlflow.note.content"]
    assert made.data.metrics["test_target_oov_rate"] == manifest.statistics["unknown"]["test"]["target"] == 0


def test_a_corpus_without_a_pair_to_validate_on_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(tmp_path / "d", corpus=write_aligned(tmp_path, pairs(20)), validation_share=0)
    warning = "there are no pairs to validate on; raise validation_share"
    assert f"prepare: warning: {warning}" in capsys.readouterr().out.splitlines()
    (made,) = MlflowClient().search_runs(["0"])
    assert made.data.tags["warning"] == warning
    assert warning in made.data.tags["mlflow.note.content"]


def test_the_folder_is_named_by_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = write_aligned(tmp_path, pairs(50))
    monkeypatch.chdir(tmp_path)
    prepare.main(["--corpus", corpus])
    (folder,) = (tmp_path / "data").iterdir()
    assert Manifest.load(folder).key == folder.name


def _corpus(folder: Path, **content: bytes) -> str:
    for language, lines in content.items():
        (folder / f"bad.{language}").write_bytes(lines)
    return str(folder / "bad.{en,fr}")


def _truncated_gzip(folder: Path) -> str:
    whole = gzip.compress("".join(f"{source}\t{target}\n" for source, target in pairs(500)).encode())
    (folder / "cut.tsv.gz").write_bytes(whole[:-200])
    return str(folder / "cut.tsv.gz")


def _unaligned_gzip(folder: Path) -> str:
    for language, lines in (("en", 500), ("fr", 499)):
        (folder / f"bad.{language}.gz").write_bytes(gzip.compress(b"one line\n" * lines))
    return str(folder / "bad.{en,fr}.gz")


LATIN_1 = "L'été, déjà\n".encode("latin-1") * 20
BAD: dict[str, tuple[Callable[[Path], dict[str, Any]], str]] = {
    "no such file": (lambda f: {"corpus": f / "none.{en,fr}"}, r"corpus: .*there is no file .*none\.en"),
    "unaligned": (
        lambda f: {"corpus": _corpus(f, en=b"a\nb\nc\n", fr=b"a\nb\n")},
        r"corpus: .*not aligned: .*bad\.en has 3 lines, .*bad\.fr has 2",
    ),
    "unaligned and compressed": (lambda f: {"corpus": _unaligned_gzip(f)}, r"bad\.en\.gz has 500 lines, .* has 499"),
    "not UTF-8": (
        lambda f: {"corpus": _corpus(f, en=b"The summer\n" * 20, fr=LATIN_1)},
        r"corpus: none of the 20 pairs is left for training \(not_utf8 20\)",
    ),
    "test corpus with one bad line": (
        lambda f: {"corpus": "sample:100", "test_corpus": _corpus(f, en=b"One\nTwo\n", fr=b"Un\nDeux\xe9\n")},
        r"test_corpus: .*bad\.\{en,fr\}, line 2: not_utf8",
    ),
    "empty corpus": (lambda f: {"corpus": _corpus(f, en=b"", fr=b"")}, r"corpus: .* is empty"),
    "nothing kept": (
        lambda f: {"corpus": _corpus(f, en=b"1\n\n", fr=b"2\nx\n")},
        r"corpus: none of the 2 pairs is left for training \(empty 1, few_letters 1\)",
    ),
    "vocabulary of 3": (lambda f: {"vocab_size": 3}, r"vocab_size: found '3', must be a whole number from 5"),
    "bucket width 0": (lambda f: {"bucket_width": 0}, r"bucket_width: found '0', must be a whole number from 1"),
    "unknown runner": (lambda f: {"runner": "Spark"}, r"runner: found 'Spark', must be one of DirectRunner"),
    "unknown Beam option": (lambda f: {"beam_options": "--colour=red"}, r"beam_options: '--colour=red' is not"),
    "unknown parameter": (lambda f: {"colour": "red"}, r"colour: prepare has no such parameter"),
    "unknown form": (lambda f: {"corpus": "a.docx"}, r"corpus: found 'a\.docx', must be one of the forms sample"),
    "equal languages": (lambda f: {"target_language": "en"}, r"target_language: found 'en', must differ"),
    "language of blanks": (lambda f: {"source_language": "../x"}, r"source_language: found '\.\./x', must be an ISO"),
    "truncated gzip": (
        lambda f: {"corpus": _truncated_gzip(f)},
        r"^corpus: \S+/cut\.tsv\.gz is a damaged or truncated gzip file \(Compressed file ended before the end-of-"
        r"stream marker was reached\)$",
    ),
    "data_dir below a file": (lambda f: {"data_dir": Path(__file__) / "d"}, r"data_dir: .* cannot be written"),
    "data_dir not writable": (lambda f: {"data_dir": "/proc/d"}, r"data_dir: /proc/d cannot be written"),
    "remote runner with a local folder": (
        lambda f: {
            "runner": "DataflowRunner",
            "beam_options": "--project=p1 --region=r --temp_location=gs://b/t",
        },
        r"data_dir: found '.*/d', must be where the workers of DataflowRunner can write, such as gs://",
    ),
    "remote runner with a local corpus": (
        lambda f: {
            "runner": "DataflowRunner",
            "beam_options": "--project=p1 --region=r --temp_location=gs://b/t",
            "data_dir": "gs://b/d",
            "corpus": "sample gs://b/x.tsv x.{en,fr}",
        },
        r"corpus: found 'x\.\{en,fr\}', must be sample or what the workers of DataflowRunner can read, such as gs://",
    ),
    "remote runner without its options": (
        lambda f: {"runner": "DataflowRunner"},
        r"beam_options: --project is not set; DataflowRunner needs",
    ),
    "remote folder without a file system": (
        lambda f: {"data_dir": "floppy://a/d"},
        r"data_dir: floppy://a/d cannot be accessed: Unable to get filesystem",
    ),
    "remote folder with wildcards": (
        lambda f: {"data_dir": "gs://bucket/d*"},
        r"data_dir: found 'gs://bucket/d\*', must be without wildcards",
    ),
    "remote corpus without a file system": (
        lambda f: {"corpus": "floppy://a/x.tsv"},
        r"corpus: floppy://a/x\.tsv cannot be accessed: Unable to get filesystem",
    ),
    "shares of one": (lambda f: {"validation_share": 0.5, "test_share": 0.5}, r"together they are 1, must be less"),
    "unknown rule": (lambda f: {"rules_off": "colour"}, r"rules_off: found 'colour', must be among"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_in_one_line_and_leaves_nothing(name: str, tmp_path: Path) -> None:
    make, message = BAD[name]
    parameters = {"corpus": "sample:100", **make(tmp_path)}
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(InputError, match=message) as refusal:
        run(parameters.pop("data_dir", tmp_path / "d"), **parameters)
    assert "\n" not in str(refusal.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_as_a_program_it_says_one_line_and_exits_with_2_when_the_disk_is_full(tmp_path: Path) -> None:
    """Where no file may be longer than 8 MiB, what is rejected finds no place."""
    corpus = tmp_path / "long.tsv"
    corpus.write_text("".join(f"{number} a\tun {number}\n{number} {'b ' * 50_000}\tune\n" for number in range(100)))
    command = [sys.executable, "-m", "pipelines.prepare", f"--corpus={corpus}", f"--data_dir={tmp_path / 'd'}"]
    limit = 8 << 20
    done = subprocess.run(
        command,
        cwd=PROJECT,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert done.returncode == 2, done.stderr
    (line,) = (line for line in done.stderr.splitlines() if not line.startswith("prepare: "))
    assert re.fullmatch(rf"error: data_dir: {tmp_path}/\S+\.jsonl cannot be written: File too large", line)
    assert not [path.name for path in tmp_path.iterdir() if path.name in ("d", ".d.partial")]


def _write(folder: Path, form: str, lines: list[DirtyLine]) -> Path:
    names = ["dirty.en", "dirty.fr"] if form == "aligned" else [f"dirty.{form}"]
    for side, name in enumerate(names):
        # A file from an editor begins with a mark that says nothing.
        (folder / name).write_bytes(b"\xef\xbb\xbf" + b"".join(line.raw[side] + b"\n" for line in lines))
    return folder / ("dirty.{en,fr}" if form == "aligned" else names[0])


def _check_dirt(folder: Path, form: str, number: int) -> None:
    """Each line is where it must be: in the records, or once in ``rejected/`` with its text and its rule."""
    lines = list(dirty_corpus(form, number))
    manifest = run(folder / "d", corpus=_write(folder, form, lines), vocab_size=1_000_000)
    told = {line["line"]: line for line in rejected(folder / "d")}
    assert len(told) == len(rejected(folder / "d"))
    kept, seen = set(), set()
    for place, line in enumerate(lines, start=1):
        pair, fate = (tidy(line.pair[0]), tidy(line.pair[1])), line.fate
        if fate == "kept" or line.kind in LATE:
            fate = "duplicate" if pair in seen else fate
            seen.add(pair)
        assert told.get(place, {}).get("rule", "kept") == fate, (place, line.kind)
        if fate == "kept":
            kept.add(pair)
        elif fate not in ("not_utf8", "no_tab", "no_json_pair"):
            assert (told[place]["source"], told[place]["target"]) == pair
    held_out = [pair for split in SPLITS[1:] for pair in read_heldout(folder / "d", manifest.heldout[split])]
    train = kept.difference(held_out)
    assert len(held_out) + len(train) == len(kept) == manifest.counts.kept
    assert kept.issuperset(held_out)
    assert counted(records(folder / "d", manifest, "train")) == encoded(folder / "d", list(train))
    # All but those with a span that both sides have can be read.
    readable = {pair for pair in sentences(folder / "d", manifest, "train") if not set(PLACEHOLDERS) & set(pair[0])}
    assert readable <= {(" ".join(simplify(source).split()), target) for source, target in train}
    assert len(readable) > 0.9 * len(train)
    assert manifest.counts.read == number
    rules = Counter(line["rule"] for line in told.values())
    assert rules.pop("duplicate") == manifest.counts.duplicates
    assert rules == manifest.counts.rejected


@pytest.mark.parametrize("form", ["aligned", "tsv", "jsonl"])
def test_dirt_is_accounted_for_line_by_line(form: str, tmp_path: Path) -> None:
    _check_dirt(tmp_path, form, 3_000)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["aligned", "tsv", "jsonl"])
def test_dirt_among_a_hundred_thousand_lines(form: str, tmp_path: Path) -> None:
    _check_dirt(tmp_path, form, 100_000)


_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff\u200e\u200f]")


def tidy(text: str) -> str:
    return re.sub(
        "[ \t\n\x0b\x0c\r\x85\u2028\u2029]+", " ", _INVISIBLE.sub("", unicodedata.normalize("NFC", text))
    ).strip(" ")


@pytest.mark.slow
def test_a_killed_preparation_leaves_the_old_dataset_or_none(tmp_path: Path) -> None:
    """Ten random moments of the time that a whole run takes."""
    corpus, folder = write_aligned(tmp_path, pairs(3000)), tmp_path / "d"

    def start(vocab_size: int) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "pipelines.prepare", f"--corpus={corpus}", f"--data_dir={folder}"]
        command += [f"--vocab_size={vocab_size}", "--force=prepare"]
        return subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    began = time.monotonic()
    assert start(50).wait() == 0
    whole, old = time.monotonic() - began, find_intact(folder)
    assert old
    moments = random.Random(0)
    for _ in range(10):
        process = start(60)
        time.sleep(moments.uniform(0, whole))
        process.kill()
        process.wait()
        found = find_intact(folder)
        assert found or not folder.exists()
        assert found in (old, None) or found.parameters["vocab_size"] == 60
    assert start(70).wait() == 0
    assert Manifest.load(folder).parameters["vocab_size"] == 70
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_an_interrupt_while_it_reads_is_one_word(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pipelines.prepare", "--corpus=sample:40000", f"--data_dir={tmp_path / 'd'}"]
    process = subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stderr
    lines = iter(process.stderr.readline, "")
    while not re.search(r"[1-9]\S* pairs read", line := next(lines)):
        assert line.startswith("prepare: ")
    process.terminate()  # As Ctrl-C, which a shell's background jobs, and what they start, do not hear.
    rest = [line for line in lines if not line.startswith("prepare: ")]
    assert (process.wait(), rest) == (130, ["interrupted\n"])
    (run,) = MlflowClient().search_runs(["0"])
    assert run.info.status == "KILLED"
    assert list(tmp_path.glob("*d*/manifest.json")) == []
