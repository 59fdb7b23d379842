"""One text codec: the ids that stand in the TFRecords are the ids that the served model searches with, line by line."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import mlflow
import numpy as np
import pytest
import tensorflow as tf

from components.corpus.parameters import PrepareParameters
from components.dataset.manifest import Manifest
from components.serving.package import package_translator
from components.text.vocabulary import EOS
from pipelines import prepare
from tests.serving.echo import EchoSearch

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
    "one " * 45,
    "lower case first",
    "1,000.50 $ – 20 %",
    "tab\u2009thin space",
]


@pytest.fixture
def dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    pairs = [(line, f"Ligne {number}.") for number, line in enumerate(LINES)]
    train = [(f"A man rides {number} bicycles, and no dog sleeps.", f"Phrase {number}.") for number in range(30)]
    for name, content in (("train", train), ("test", pairs), ("validation", pairs[:3])):
        for side, language in enumerate(("en", "fr")):
            Path(f"{name}.{language}").write_text("".join(f"{pair[side]}\n" for pair in content), encoding="utf-8")
    return prepare.run(
        PrepareParameters(
            corpus="train.{en,fr}",
            validation_corpus="validation.{en,fr}",
            test_corpus="test.{en,fr}",
            data_dir="dataset",
        )
    )


def recorded(folder: Path) -> Counter[tuple[int, ...]]:
    """The source ids of the test split's records."""
    files = [file for bucket in Manifest.load(folder).splits["test"] for file in bucket.files]
    examples = [
        tf.train.Example.FromString(r) for f in files for r in tf.data.TFRecordDataset(folder / f).as_numpy_iterator()
    ]
    return Counter(tuple(example.features.feature["source"].int64_list.value) for example in examples)


def test_ids_of_the_records_are_ids_of_the_served_model(dataset: Path, tmp_path: Path) -> None:
    exported = tmp_path / "exported"
    tf.saved_model.save(EchoSearch(), str(exported))
    # Sentences longer than the model can take are cut; the records hold them whole.
    package_translator(exported, dataset, tmp_path / "model", max_source_length=1000)
    model = mlflow.pyfunc.load_model(str(tmp_path / "model"))
    searched: Counter[tuple[int, ...]] = Counter()

    def record(source: np.ndarray, beam_width: int, length_penalty: float) -> Mapping[str, np.ndarray]:
        searched.update(tuple(int(i) for i in row if i) for row in source)
        nothing = np.full((len(source), beam_width, 1), EOS)
        return {"ids": nothing, "scores": np.zeros((len(source), beam_width)), "alignment": nothing - EOS - 1}

    model.unwrap_python_model().translator._search = record
    model.predict(LINES, params={"split_sentences": False})
    assert searched == recorded(dataset)
    assert searched.total() == len(LINES)
