"""One text codec: the ids that stand in the TFRecords are the ids that the served model searches with, line by line.

A span is a placeholder in a record if both sides have it, so that here the target repeats the source.
"""

import gzip
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf

from components.corpus.parameters import PrepareParameters
from components.dataset.manifest import Manifest
from components.serving.package import package_translator
from components.serving.segments import Segmenter
from components.serving.translator import TranslatorSettings
from components.text.codec import TextCodec
from components.text.tokenizer import TOKENIZERS
from components.text.vocabulary import EOS
from components.text.words import is_translatable
from pipelines import prepare
from tests.serving.echo import EchoSearch

SPLITS = {"": "train", "validation_": "validation", "test_": "test"}
LINES = [
    "A man rides a bicycle.",
    "“Don’t,” she said, “it's 5 o'clock!”",
    "Emoji 😀👩‍👩‍👧 and ﬁ ligatures…",
    "Non-breaking\u00a0spaces\u202fhere !",
    "Combining é and composed é, İstanbul.",
    "مرحبا بالعالم",
    "你好 世界。",
    "NATO and iPhone; e-mail: a@b.org",
    "A control\x07character and a joiner ￭ and a mark ⇩ ␛.",
    "  blanks   everywhere  ",
    "x" * 300,
    "Nobody: 1 000 000 dogs",
    "LOUD AND CLEAR, A MAN RIDES.",
    "(a) A man rides {name}'s bicycle %1$s.",
    "a mna ridse",
    "one " * 45,
    "lower case first",
    "1,000.50 $ – 20 %",
    "tab\u2009thin space",
]


def prepared(lines: list[str], folder: Path, train: list[str] | None = None, **parameters: Any) -> Path:
    """A dataset with these lines as its test split; ``train``: what its tokenizers learn from."""
    pairs = [(line, f"Ligne {number} : {' '.join(line.split())}") for number, line in enumerate(lines)]
    train = train or [f"A man rides {number} bicycles, and no dog sleeps." for number in range(30)]
    train_pairs = [(line, f"Phrase {number}.") for number, line in enumerate(train)]
    for name, content in (("train", train_pairs), ("test", pairs), ("validation", pairs[:3])):
        for side, language in enumerate(("en", "fr")):
            text = "".join(f"{pair[side]}\n" for pair in content)
            (folder / f"{name}.{language}").write_text(text, encoding="utf-8")
    corpora = {f"{name}corpus": str(folder / f"{split}.{{en,fr}}") for name, split in SPLITS.items()}
    return Path(
        prepare.run(PrepareParameters(**corpora, data_dir=str(folder / "dataset"), max_length=1000, **parameters))
    )


def recorded(folder: Path) -> Counter[tuple[int, ...]]:
    """The source ids of the test split's records."""
    files = [file for bucket in Manifest.load(folder).splits["test"] for file in bucket.files]
    examples = [
        tf.train.Example.FromString(r) for f in files for r in tf.data.TFRecordDataset(folder / f).as_numpy_iterator()
    ]
    return Counter(tuple(example.features.feature["source"].int64_list.value) for example in examples)


def searched(lines: list[str], dataset: Path, folder: Path) -> Counter[tuple[int, ...]]:
    """The ids that the served model searches with when it is sent these lines. Equal lines are searched once."""
    exported = folder / "exported"
    tf.saved_model.save(EchoSearch(), str(exported))
    # Sentences longer than the model can take are cut; the records hold them whole.
    package_translator(exported, dataset, folder / "model", TranslatorSettings(10_000))
    model = mlflow.pyfunc.load_model(str(folder / "model"))
    found: Counter[tuple[int, ...]] = Counter()

    def record(source: np.ndarray, beam_width: int, *penalties: float) -> Mapping[str, np.ndarray]:
        found.update(tuple(int(i) for i in row if i) for row in source)
        nothing = np.full((len(source), beam_width, 1), EOS)
        return {"ids": nothing, "scores": np.zeros((len(source), beam_width)), "alignment": nothing - EOS - 1}

    model.unwrap_python_model().translator.queue._search = record
    model.predict(lines, params={"split_sentences": False})
    return found


def pieces(lines: list[str]) -> list[str]:
    """What the served model takes for sentences: without the quotation marks around a line, the bullet in front …"""
    whole = Segmenter(lambda texts: pa.array([[]] * len(texts), pa.list_(pa.string())), "en", 1)
    return [piece for text in whole.split(lines, sentences=False) for piece in text.pieces]


def translatable(lines: list[str], dataset: Path) -> int:
    """How many lines hold something to translate; the others are not searched."""
    tokenizers = TextCodec.load(dataset).tokenizers
    tokens, _ = tokenizers.texts(pa.array(lines))
    return sum(
        is_translatable(sentence) and not tokenizers.is_name(line)
        for line, sentence in zip(lines, tokens.to_pylist(), strict=True)
    )


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
def test_ids_of_the_records_are_ids_of_the_served_model(tokenizer: str, tmp_path: Path) -> None:
    sentences = pieces(LINES)
    dataset = prepared(sentences, tmp_path, tokenizer=tokenizer)
    assert recorded(dataset).total() == len(sentences) >= len(LINES)
    found = searched(LINES, dataset, tmp_path)
    assert found <= recorded(dataset)
    assert found.total() == translatable(sentences, dataset) >= 8


@pytest.mark.parametrize("tokenizer", ["word", "sentencepiece"])
def test_the_same_on_every_line_of_the_test_corpora(tokenizer: str, shared_data: Path, tmp_path: Path) -> None:
    lines = (shared_data / "multi30k/test_2016_flickr.en").read_text(encoding="utf-8").removesuffix("\n").split("\n")
    with gzip.open(shared_data / "canada_laws/valid.en.gz", "rt", encoding="utf-8", newline="\n") as laws:
        lines += laws.read().removesuffix("\n").split("\n")
    sentences = sorted(set(pieces(lines)))
    train = [f"{sentence} And so on." for sentence in sentences]
    dataset = prepared(sentences, tmp_path, train, tokenizer=tokenizer)
    assert recorded(dataset).total() == len(sentences) > 2800
    found = searched(lines, dataset, tmp_path)
    assert found <= recorded(dataset)
    assert found.total() == translatable(sentences, dataset) > 2500
