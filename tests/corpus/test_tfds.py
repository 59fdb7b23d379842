"""Sets of TensorFlow Datasets, prepared by its own tools and read without TensorFlow."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from components.corpus.sources import tfrecords
from components.corpus.sources.formats import Corpus
from components.dataset.manifest import Manifest
from components.errors import InputError
from pipelines import prepare
from tests.conftest import PROJECT, SHARED_DATA
from tests.corpus.corpora import pairs, write_aligned
from tests.corpus.tfds_sets import build_set

Line = tuple[str, int, str, str]
SHARDS = 3


def lines() -> list[tuple[str, str]]:
    """1,000 pairs of Multi30k, if it is there; one has no text on one side, and one a long text."""
    multi30k = SHARED_DATA / "multi30k"
    found = pairs(1000)
    if multi30k.is_dir():
        sides = [(multi30k / f"train.{language}").read_text("utf-8").split("\n") for language in ("en", "fr")]
        found = list(zip(*sides, strict=True))[:1000]
    return [*found, ("", "vide"), ("long " * 5000, "très\u00a0long " * 5000)]


@pytest.fixture(scope="module")
def tfds_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tfds")
    splits = {"train": lines(), "validation": pairs(10)}
    build_set(root, "ParallelPairs", splits, shards=SHARDS, configs=["fr-en", "other"], config="fr-en")
    return root


@pytest.fixture
def data_dir(tfds_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the folder of sets, which ``TFDS_DATA_DIR`` names."""
    folder = tmp_path / "tfds"
    shutil.copytree(tfds_root, folder)
    monkeypatch.setenv("TFDS_DATA_DIR", str(folder))
    return folder


def shard(data_dir: Path, index: int = 0) -> Path:
    folder = data_dir / "parallel_pairs" / "fr-en" / "1.0.0"
    return folder / f"parallel_pairs-train.tfrecord-{index:05d}-of-{SHARDS:05d}"


def read(word: str, source_language: str = "en", target_language: str = "fr") -> list[Line]:
    """(file, record, source, target) of all pairs."""
    return [
        (Path(range_.file).name, row["line"], row["source"].decode(), row["target"].decode())
        for source in Corpus.parse("corpus", word).sources(source_language, target_language)
        for range_ in source.ranges()
        for block in source.read(range_)
        for row in block.to_pylist()
    ]


def test_all_records_of_all_shards_are_read(data_dir: Path) -> None:
    found = read("tfds:parallel_pairs/fr-en")
    assert sorted(line[2:] for line in found) == sorted(lines())
    info = json.loads((shard(data_dir).parent / "dataset_info.json").read_text())
    (lengths,) = (split["shardLengths"] for split in info["splits"] if split["name"] == "train")
    places = [
        (shard(data_dir, index).name, record + 1) for index in range(SHARDS) for record in range(int(lengths[index]))
    ]
    assert [line[:2] for line in found] == places


def test_in_the_order_in_which_tfds_reads_them(data_dir: Path) -> None:
    import tensorflow_datasets as tfds

    builder = tfds.builder_from_directory(shard(data_dir).parent)
    for split in ("train", "train[:10%]", "train[330:340]", "train[-7:]", "train[90%:]"):
        expected = [tuple(example[side].decode() for side in ("en", "fr")) for example in _examples(builder, split)]
        assert [line[2:] for line in read(f"tfds:parallel_pairs/fr-en:{split}")] == expected


def _examples(builder, split):  # type: ignore[no-untyped-def]
    import tensorflow_datasets as tfds

    # Otherwise it takes 16 records from each shard in turn.
    reading = tfds.ReadConfig(interleave_cycle_length=1)
    return tfds.as_numpy(builder.as_dataset(split=split, shuffle_files=False, read_config=reading))


def test_the_other_direction(data_dir: Path) -> None:
    reverse = read("tfds:parallel_pairs/fr-en", "fr", "en")
    assert [(*line[:2], line[3], line[2]) for line in reverse] == read("tfds:parallel_pairs/fr-en")


@pytest.mark.parametrize("chunk", [100, 10_000])
def test_parts_are_together_the_whole(data_dir: Path, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    word = "tfds:parallel_pairs/fr-en:train[5:900]"
    whole = read(word)
    monkeypatch.setattr(tfrecords, "CHUNK", chunk)
    monkeypatch.setattr(tfrecords, "STRIDE", 50)
    monkeypatch.setattr("components.corpus.sources.tfds.BLOCK_PAIRS", 7)
    tfrecords._scan.cache_clear()
    (source,) = Corpus.parse("corpus", word).sources("en", "fr")
    assert len(source.ranges()) > 17
    assert read(word) == whole
    tfrecords._scan.cache_clear()


def test_a_cap_runs_over_the_shards(data_dir: Path) -> None:
    whole = read("tfds:parallel_pairs/fr-en")
    for number in (1, 333, 334, 335, 1001):
        assert read(f"tfds:parallel_pairs/fr-en#{number}") == whole[:number]
    assert read("tfds:parallel_pairs/fr-en:train[320:]#30") == whole[320:350]


def test_the_digest_follows_the_records_that_are_read(data_dir: Path) -> None:
    def digest(word: str) -> str:
        return Corpus.parse("corpus", word).sources("en", "fr")[0].digest()

    words = ["", ":validation", ":train[:10%]", ":train[10%:]", "#10"]
    digests = [digest(f"tfds:parallel_pairs/fr-en{word}") for word in words]
    assert len(set(digests)) == len(words)
    assert digest("tfds:parallel_pairs/fr-en:train[:100%]") == digests[0]


def test_the_newest_version_and_the_default_configuration(data_dir: Path) -> None:
    folder = shard(data_dir).parent
    for version in ("0.9.0", "0.10.0"):
        shutil.copytree(folder, folder.parent / version)
    (folder.parent / "incomplete.ABC_2.0.0").mkdir()
    assert Corpus.parse("corpus", "tfds:parallel_pairs").sources("en", "fr")[0].ranges()[0].file == str(shard(data_dir))
    shutil.rmtree(folder)
    file = Corpus.parse("corpus", "tfds:parallel_pairs").sources("en", "fr")[0].ranges()[0].file
    assert Path(file).parent.name == "0.10.0"


def test_a_translation_among_other_features(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    build_set(tmp_path, "NestedPairs", {"train": pairs(5)}, nested=True)
    assert sorted(line[2:] for line in read("tfds:nested_pairs")) == sorted(pairs(5))


def test_a_set_on_a_remote_file_system(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.corpus.trial_files import TrialFileSystem

    words = ("tfds:parallel_pairs", "tfds:parallel_pairs:train[100:]#500")
    local = [read(word) for word in words]
    # There is one range, however many records there are.
    monkeypatch.setattr(tfrecords, "STRIDE", 50)
    monkeypatch.setattr(TrialFileSystem, "root", data_dir.parent, raising=False)
    monkeypatch.setenv("TFDS_DATA_DIR", "trial://tfds")
    assert [read(word) for word in words] == local


@pytest.mark.parametrize("spelled", ["tfds", "~/tfds"])
def test_workers_elsewhere_are_given_absolute_paths(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, spelled: str
) -> None:
    monkeypatch.chdir(data_dir.parent)
    monkeypatch.setenv("HOME", str(data_dir.parent))
    monkeypatch.setenv("TFDS_DATA_DIR", spelled)
    (source,) = Corpus.parse("corpus", "tfds:parallel_pairs").sources("en", "fr")
    assert source.ranges()[0].file == str(shard(data_dir))


def _flip(path: Path, byte: int) -> None:
    content = bytearray(path.read_bytes())
    content[byte] ^= 1
    path.write_bytes(content)


def _second_record(path: Path) -> int:
    return 12 + int.from_bytes(path.read_bytes()[:8], "little") + 4


def _array_record(data_dir: Path) -> str:
    info = shard(data_dir).parent / "dataset_info.json"
    info.write_text(info.read_text().replace('"tfrecord"', '"array_record"'))
    return "tfds:parallel_pairs"


def _no_json(data_dir: Path) -> str:
    (shard(data_dir).parent / "features.json").write_text("{")
    return "tfds:parallel_pairs"


def _damaged_text(data_dir: Path) -> str:
    _flip(shard(data_dir, 1), _second_record(shard(data_dir, 1)) + 30)
    return "tfds:parallel_pairs"


def _damaged_length(data_dir: Path) -> str:
    _flip(shard(data_dir, 1), _second_record(shard(data_dir, 1)))
    return "tfds:parallel_pairs"


def _cut_off(data_dir: Path) -> str:
    shard(data_dir, 2).write_bytes(shard(data_dir, 2).read_bytes()[:-3])
    return "tfds:parallel_pairs"


def _one_record_less(data_dir: Path) -> str:
    content = shard(data_dir, 2).read_bytes()
    shard(data_dir, 2).write_bytes(content[_second_record(shard(data_dir, 2)) :])
    return "tfds:parallel_pairs"


def _no_shard(data_dir: Path) -> str:
    shard(data_dir, 1).unlink()
    return "tfds:parallel_pairs"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda data_dir: "tfds:", r"corpus: found 'tfds:', must be tfds:NAME\[/CONFIG\]\[:SPLIT\]"),
        (lambda data_dir: "tfds:a/b:train[1%", r"found 'tfds:a/b:train\[1%', must be tfds:NAME"),
        (
            lambda data_dir: "tfds:parallel_pairs:test",
            r"no split 'test' in .*1\.0\.0, must be one of train, validation",
        ),
        (lambda data_dir: "tfds:parallel_pairs:train[20:10]", r"train\[20:10\]: there is no record in this part"),
        (_array_record, r"1\.0\.0 holds its records as array_record, must be tfrecord"),
        (_no_json, r"features\.json cannot be read"),
        (_damaged_text, r"tfrecord-00001-of-00003, record 2 is damaged: its checksum is wrong"),
        (_damaged_length, r"00001-of-00003 is damaged or no TFRecord file: the length of record 2"),
        (_cut_off, r"00002-of-00003 is cut off after record 3\d\d"),
        (_one_record_less, r"00002-of-00003 holds 3\d\d records, must hold 3\d\d"),
        (_no_shard, r"there is no file .*00001-of-00003"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(data_dir: Path, make, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=message) as refusal:
        read(make(data_dir))
    assert "\n" not in str(refusal.value)


def test_other_languages_are_refused(data_dir: Path) -> None:
    with pytest.raises(InputError, match="holds en, fr; must hold de and fr, source_language and target_language"):
        read("tfds:parallel_pairs", "de", "fr")


def test_what_tfds_has_not_is_refused_before_anything_is_downloaded(data_dir: Path) -> None:
    with pytest.raises(InputError) as refusal:
        read("tfds:wmt14_translate/fr-e")
    message = str(refusal.value)
    assert "wmt14_translate has no configuration 'fr-e'; it has, among others: fr-en" in message
    assert f"a prepared one is looked for in {data_dir}/wmt14_translate/fr-e/VERSION (TFDS_DATA_DIR)" in message
    assert not (data_dir / "wmt14_translate").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("tfds:wmt14_translat", r"has no set 'wmt14_translat'; near: wmt14_translate, "),
        ("tfds:parallel_pairs/none", r"has no set 'parallel_pairs'; .*; prepared there: fr-en"),
        ("tfds:wmt14_translate", r"tfds:wmt14_translate holds cs, en; must hold en and fr.*; configurations: fr-en"),
        ("tfds:mnist", r"holds image, label; must hold en and fr"),
        # Where there is a network, this downloads a gigabyte.
        (
            "tfds:wmt14_translate/fr-en",
            r"cannot be prepared \((?!ModuleNotFound).*; a prepared one is looked for in .*fr-en/VERSION",
        ),
    ],
)
def test_what_cannot_be_had_is_refused(data_dir: Path, word: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as refusal:
        read(word)
    assert "\n" not in str(refusal.value)


def test_prepared_as_the_same_pairs_in_files(data_dir: Path, tmp_path: Path) -> None:
    """Through the real command, which never meets TensorFlow."""
    program = (
        "import runpy, sys; runpy.run_module('pipelines.prepare', run_name='__main__', alter_sys=True);"
        "assert 'tensorflow' not in sys.modules"
    )
    options = ["--vocab_size=2000", "--source_language=fr", "--target_language=en"]
    command = [sys.executable, "-c", program, "--corpus=tfds:parallel_pairs/fr-en", f"--data_dir={tmp_path / 'a'}"]
    done = subprocess.run([*command, *options], cwd=PROJECT, capture_output=True, text=True, env=os.environ)
    assert done.returncode == 0, done.stderr
    prepare.main([f"--corpus={write_aligned(tmp_path, lines())}", f"--data_dir={tmp_path / 'b'}", *options])
    manifest, expected = (Manifest.load(tmp_path / name) for name in "ab")
    assert manifest.fingerprint == expected.fingerprint
    assert manifest.counts == expected.counts
    assert dict(manifest.counts.rejected) == {"empty": 1, "too_long": 1}
    told = [json.loads(line) for file in (tmp_path / "a/rejected").iterdir() for line in file.read_text().splitlines()]
    (empty,) = [line for line in told if line["rule"] == "empty"]
    assert Path(empty["file"]).parent == shard(data_dir).parent
    assert (Path(empty["file"]).name, empty["line"], "vide", "") in read("tfds:parallel_pairs", "fr", "en")
