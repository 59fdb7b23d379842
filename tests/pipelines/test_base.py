"""``base_model``: what a preparation takes from a packaged model, what becomes of parameters, and what is refused."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from components.corpus.parameters import PrepareParameters
from components.dataset.manifest import Manifest
from components.errors import InputError
from components.model.exported import save_parameters
from components.model.parameters import ModelParameters
from components.serving.translator import TranslatorSettings
from components.text.codec import CodecSettings, TextCodec
from pipelines import cli, prepare, train, workflow
from pipelines.base import Base, with_base
from pipelines.train import TrainParameters, checkpoint_key
from tests.corpus.corpora import pairs, write_aligned
from tests.text.codecs import learned_codec

SHAPE = ModelParameters(embedding_size=16, units=32, encoder="bidirectional", tie_embeddings=True, dropout=0.4)
ZEBRAS = [(f"The zebra eats apple {n}.", f"Le zèbre mange la pomme {n}.") for n in range(100)]
Package = Callable[..., Path]


@pytest.fixture(scope="module")
def package(echo_packaged: Path, tmp_path_factory: pytest.TempPathFactory) -> Package:
    """Packages a model in which all is real but the search, which is the echo's; a tokenizer makes one package."""
    made: dict[str, Path] = {}

    def of(tokenizer: str = "word", target_language: str = "fr") -> Path:
        name = f"{tokenizer}-{target_language}"
        if name not in made:
            folder = shutil.copytree(echo_packaged, tmp_path_factory.mktemp("base") / name)
            codec = folder / "artifacts" / "codec"
            shutil.rmtree(codec)
            codec.mkdir()
            settings = CodecSettings(target_language=target_language, tokenizer=tokenizer)
            learned_codec(pairs(300), settings).save(codec)
            TranslatorSettings(max_source_length=40).save(codec)
            save_parameters(SHAPE, folder / "artifacts" / "saved_model")
            made[name] = folder
        return made[name]

    return of


def run(folder: Path, base: Path, **parameters: Any) -> tuple[TextCodec, Manifest]:
    values = {"data_dir": folder, "base_model": base, **parameters}
    prepare.main([f"--{name}={value}" for name, value in values.items()])
    return TextCodec.load(folder), Manifest.load(folder)


def base_of(package: Path) -> Base:
    base = Base.open(str(package))
    assert base
    return base


@pytest.mark.parametrize("tokenizer", ["word", "sentencepiece-bpe"])
def test_a_preparation_takes_its_codec_from_the_base(tokenizer: str, package: Package, tmp_path: Path) -> None:
    base = base_of(package(tokenizer))
    # More than the base knows, and half of what it knows: learnt, this would be another codec.
    corpus = write_aligned(tmp_path, [*pairs(100), *ZEBRAS])
    codec, manifest = run(tmp_path / "data", base.found.folder, corpus=corpus)
    assert codec.source_vocabulary.tokens == base.codec.source_vocabulary.tokens
    assert codec.target_vocabulary.tokens == base.codec.target_vocabulary.tokens
    assert (codec.settings, codec.learnt) == (base.codec.settings, base.codec.learnt)
    assert manifest.base == {"model": str(base.found.folder), "digest": base.digest}
    assert {name: manifest.parameters[name] for name in ("tokenizer", "vocab_size", "min_count", "max_length")} == {
        "tokenizer": tokenizer,
        "vocab_size": None,
        "min_count": None,
        "max_length": 40,
    }
    assert all(0 < facts.distinct_tokens < facts.size for facts in manifest.vocabularies.values())
    coverage = [share for _, share in manifest.statistics["coverage"]["source"]]
    assert coverage == sorted(coverage)
    assert coverage[0] > 0
    assert manifest.statistics["unknown"]["train"] == {"source": 0, "target": 0}


def test_new_words_come_behind_the_old_ones(package: Package, tmp_path: Path) -> None:
    base = base_of(package())
    lines = [*pairs(100), *ZEBRAS, ("An okapi.", "Un okapi.")]
    corpus = write_aligned(tmp_path, lines)
    shares = {"validation_share": 0, "test_share": 0}
    codec, manifest = run(tmp_path / "data", base.found.folder, corpus=corpus, extend_vocabulary=2, **shares)
    before = base.codec
    # The okapi is seen once.
    assert codec.source_vocabulary.tokens == (*before.source_vocabulary.tokens, "zebra")
    assert codec.target_vocabulary.tokens == (*before.target_vocabulary.tokens, "zèbre")
    assert codec.extends(before)
    assert not before.extends(codec)
    # Whatever the order of the lines, and whoever counts.
    shuffled = write_aligned(tmp_path, lines[::-1], "shuffled")
    options = "--direct_num_workers=2 --direct_running_mode=multi_threading"
    _, other = run(
        tmp_path / "o", base.found.folder, corpus=shuffled, extend_vocabulary=2, beam_options=options, **shares
    )
    assert other.fingerprint == manifest.fingerprint


def values_of(base: Path, *flags: str) -> dict[str, Any]:
    given = cli.parse([f"--base_model={base}", *flags], "workflow", "", workflow.PARAMETERS, workflow.WITHOUT)
    return dict(with_base(given)[0])


def test_what_is_not_set_follows_from_the_base(package: Package, capsys: pytest.CaptureFixture[str]) -> None:
    values = values_of(package(), "--units=32", "--dropout=0.3", "--recipe=multi30k")
    shape = {"units": 32, "embedding_size": 16, "encoder": "bidirectional", "tokenizer": "word", "max_length": 40}
    # By hand, of the recipe, of what adapting asks for.
    free = {"dropout": 0.3, "word_dropout": 0.2, "learning_rate": 0.001}
    assert values.items() >= (shape | free).items()
    assert f"embedding_size: 16, as in base_model={package()}, not 512 as in the recipe\n" in capsys.readouterr().out


def test_a_training_is_named_by_its_base(package: Package, tmp_path: Path) -> None:
    manifest = Manifest("key", "ab" * 32, {"max_length": 50}, None, {}, {}, {})  # type: ignore[arg-type]
    one, other = base_of(package()), base_of(package("sentencepiece-bpe"))
    keys = {checkpoint_key(TrainParameters(), manifest, base) for base in (None, one, other)}
    assert len(keys) == 3
    moved = base_of(shutil.copytree(package(), tmp_path / "moved"))
    assert checkpoint_key(TrainParameters(base_model="moved"), manifest, moved) in keys
    plans = {prepare.plan_of(PrepareParameters(base_model=str(base.found.folder))).key for base in (one, other, moved)}
    assert len(plans) == 2


def of_another_framework(folder: Path, package: Package) -> Path:
    folder.mkdir()
    (folder / "MLmodel").write_text("flavors:\n  sklearn:\n    pickled_model: model.pkl\n")
    return folder


def changed(path: str, content: bytes | None) -> Callable[[Path, Package], Path]:
    """A package of which a file is gone, or has other content."""

    def change(folder: Path, package: Package) -> Path:
        copy = shutil.copytree(package(), folder)
        (copy / "artifacts" / path).unlink()
        if content is not None:
            (copy / "artifacts" / path).write_bytes(content)
        return copy

    return change


# What base_model names, what is set beside it, and what is said.
REFUSED: dict[str, tuple[str | Callable[[Path, Package], Path], str, str]] = {
    "missing": ("nowhere", "", "base_model: found 'nowhere', which is no folder with a packaged model"),
    "not registered": ("models:/none@champion", "", "base_model: models:/none@champion cannot be loaded"),
    "another framework": (of_another_framework, "", "is a model, but not a translator that this project packaged"),
    "weights damaged": (
        changed("saved_model/variables/variables.data-00000-of-00001", b"short"),
        "",
        r"is damaged: .*variables\.data-00000-of-00001 is not what was exported",
    ),
    "weights gone": (changed("saved_model/variables/variables.data-00000-of-00001", None), "", "is damaged: .*No such"),
    "parameters damaged": (changed("saved_model/parameters.json", b"{}"), "", r"is damaged: .*parameters\.json"),
    "vocabulary gone": (changed("codec/vocabulary.en.txt", None), "", r"is damaged: .*vocabulary\.en\.txt"),
    "packaged before": (
        changed("saved_model/parameters.json", None),
        "",
        "packaged by an earlier version, .* train it",
    ),
    "languages": ("word-de", "--target_language=fr", "target_language: found fr, must be de, as in base_model="),
    "direction": ("word-fr", "--source_language=fr --target_language=en", "_language: found .*, as in base_model="),
    "reversal": ("word-fr", "--reverse_source=false", "reverse_source: found false, must be true, as in base_model="),
    "tokenizer": ("word-fr", "--tokenizer=sentencepiece", "tokenizer: found sentencepiece, must be word, as in"),
    "vocabulary": ("word-fr", "--vocab_size=20000", r"vocab_size: found 20000, must be \d+, as in base_model="),
    "units": ("word-fr", "--units=64", "units: found 64, must be 32, as in base_model=.*, or not set"),
    "tied": ("word-fr", "--tie_embeddings=false", "tie_embeddings: found false, must be true, as in"),
    "pieces": ("sentencepiece-fr", "--extend_vocabulary=9", "extend_vocabulary: found 9, must be 0 with .*pieces"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_a_beginning_is_refused_before_work(
    name: str, package: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named, flags, message = REFUSED[name]
    if callable(named):
        named = str(named(tmp_path / "model", package))
    elif named.split("-")[0] in ("word", "sentencepiece"):
        named = str(package(*named.split("-")))
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    with pytest.raises(InputError, match=message):
        workflow.main([f"--base_model={named}", *flags.split()])
    assert list(empty.iterdir()) == []
    assert MlflowClient().search_runs(["0"]) == []


def test_words_are_added_to_a_base_only() -> None:
    with pytest.raises(InputError, match="extend_vocabulary: found 5, must be 0 without base_model"):
        prepare.main(["--extend_vocabulary=5"])


def test_a_dataset_of_another_codec_is_refused(package: Package, tmp_path: Path) -> None:
    corpus = write_aligned(tmp_path, pairs(200, seed=1))
    prepare.main([f"--corpus={corpus}", f"--data_dir={tmp_path / 'data'}", "--tokenizer=word"])
    with pytest.raises(
        InputError, match=r"data_dir: .* was prepared with another tokenizer or vocabulary than that of"
    ):
        train.main([f"--data_dir={tmp_path / 'data'}", f"--base_model={package()}"])
    assert [run.data.tags["step"] for run in MlflowClient().search_runs(["0"])] == ["prepare"]
