"""Sets of TensorFlow Datasets, prepared by its own tools."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

Pairs = Sequence[tuple[str, str]]


def build_set(
    folder: Path, name: str, splits: Mapping[str, Pairs], nested: bool = False, shards: int = 1, **kwargs: Any
) -> Path:
    """Prepares a set of English and French pairs; returns its folder.

    Args:
        folder: where TFDS is to keep its sets.
        name: of the set, in camel case.
        splits: the pairs of each split.
        nested: the translation is one feature among others.
        shards: files a split.
        kwargs: of the builder: ``config``, ``version``, ``file_format``.
    """
    import tensorflow_datasets as tfds

    def info(self: Any) -> Any:
        features: Any = tfds.features.Translation(languages=("en", "fr"))
        if nested:
            features = tfds.features.FeaturesDict({"id": tfds.features.Text(), "translation": features})
        return tfds.core.DatasetInfo(builder=self, features=features)

    def generate(self: Any, pairs: Pairs) -> Iterator[tuple[int, Any]]:
        for number, (english, french) in enumerate(pairs):
            pair = {"en": english, "fr": french}
            yield number, {"id": str(number), "translation": pair} if nested else pair

    def generators(self: Any, downloads: Any) -> dict[str, Any]:
        return {split: self._generate_examples(pairs) for split, pairs in splits.items()}

    builder_class: Any = type(
        name,
        (tfds.core.GeneratorBasedBuilder,),
        {
            "VERSION": tfds.core.Version(kwargs.pop("version", "1.0.0")),
            "BUILDER_CONFIGS": [tfds.core.BuilderConfig(name=config) for config in kwargs.pop("configs", ())],
            "_info": info,
            "_split_generators": generators,
            "_generate_examples": generate,
        },
        skip_registration=True,
    )
    builder = builder_class(data_dir=folder, **kwargs)
    tfds.disable_progress_bar()
    builder.download_and_prepare(download_config=tfds.download.DownloadConfig(num_shards=shards))
    return Path(builder.data_path)
