"""The folders that TensorFlow Datasets (TFDS) prepares sets in: ``ROOT/NAME[/CONFIG]/VERSION``, and what they say.

TFDS writes a folder under another name and renames it at the end: what is there is whole.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from components.corpus.files import exists, is_remote, matching, open_raw
from components.errors import InputError

INFO, FEATURES = "dataset_info.json", "features.json"
_DEFAULT_CONFIG = ".config/metadata.json"
_VERSION = re.compile(r"\d+\.\d+\.\d+")
_RECORDS = "tfrecord"
_FILE_NAME = "{DATASET}-{SPLIT}.{FILEFORMAT}-{SHARD_X_OF_Y}"


def root() -> str:
    """Where TFDS keeps its sets: TFDS_DATA_DIR, or its own default; as an absolute path, for workers elsewhere."""
    folder = os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"
    return folder if is_remote(folder) else os.path.abspath(os.path.expanduser(folder))


def find(name: str, config: str | None) -> str | None:
    """The folder of a prepared set, of its newest version; without ``config`` that of its default, if it has any."""
    if config:
        return _newest(f"{root()}/{name}/{config}")
    if found := _newest(f"{root()}/{name}"):
        return found
    default = f"{root()}/{name}/{_DEFAULT_CONFIG}"
    return _newest(f"{root()}/{name}/{_read_json(default)['default_config_name']}") if exists(default) else None


def prepared_configs(name: str) -> list[str]:
    """The configurations of a set that are prepared."""
    folders = matching(f"{root()}/{name}/*/*/{INFO}")
    return sorted({folder.removesuffix(f"/{INFO}").split("/")[-2] for folder in folders})


def _newest(parent: str) -> str | None:
    folders = [path.removesuffix(f"/{INFO}") for path in matching(f"{parent}/*/{INFO}")]
    versions = [folder for folder in folders if _VERSION.fullmatch(folder.rpartition("/")[2])]
    return max(versions, key=lambda folder: [int(part) for part in folder.rpartition("/")[2].split(".")], default=None)


@dataclass(frozen=True)
class Shard:
    """A file of a split, and how many records it is said to hold."""

    path: str
    records: int


@dataclass(frozen=True)
class PreparedSet:
    """What a prepared set says of itself: shards by split, and its features as ``features.json`` spells them."""

    folder: str
    splits: Mapping[str, tuple[Shard, ...]]
    features: Mapping[str, Any]

    @classmethod
    def load(cls, folder: str) -> "PreparedSet":
        """Reads what the folder says.

        Raises:
            InputError: if the set is in a format other than TFRecord, or what is said cannot be understood.
        """
        info, features = (_read_json(f"{folder}/{file}") for file in (INFO, FEATURES))
        written = info.get("fileFormat", _RECORDS)
        if written != _RECORDS:
            raise InputError(
                f"{folder} holds its records as {written}, must be {_RECORDS}: prepare it once more with"
                f" file_format={_RECORDS}, or convert it (tfds convert_format)"
            )
        try:
            splits = {split["name"]: tuple(_shards(folder, info["name"], split)) for split in info.get("splits", ())}
        except (KeyError, ValueError) as error:
            raise InputError(f"{folder}/{INFO} does not tell the files of the set ({error!r})") from None
        return cls(folder, splits, features)


def _shards(folder: str, dataset: str, split: Mapping[str, Any]) -> Iterator[Shard]:
    template, lengths = split.get("filepathTemplate", _FILE_NAME), split["shardLengths"]
    for index, records in enumerate(lengths):
        file = template.format(
            DATASET=dataset,
            SPLIT=split["name"],
            FILEFORMAT=_RECORDS,
            SHARD_INDEX=f"{index:05d}",
            NUM_SHARDS=f"{len(lengths):05d}",
            SHARD_X_OF_Y=f"{index:05d}-of-{len(lengths):05d}",
        )
        yield Shard(f"{folder}/{file}", int(records))


def text_names(features: Mapping[str, Any], languages: Sequence[str]) -> list[str]:
    """The names under which the examples hold the texts of these languages.

    Args:
        features: as ``features.json`` spells them.
        languages: as the set spells them.

    Raises:
        InputError: if there is no translation into all of them; it says which texts there are.
    """
    held = dict(_translations(features))
    for prefix, names in held.items():
        if set(languages) <= set(names):
            return [prefix + language for language in languages]
    texts = "; ".join(", ".join(names) for names in held.values()) or "no texts by language"
    raise InputError(f"holds {texts}; must hold {' and '.join(languages)}, source_language and target_language")


def _translations(feature: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, list[str]]]:
    """Names of features that stand side by side, by what is in front of them in the examples."""
    translation = feature.get("translation")
    # Not where each example has languages of its own: their texts stand in one sequence.
    if translation and not translation.get("variableLanguagesPerExample"):
        yield prefix, list(translation["languages"])
    if "featuresDict" in feature:
        members = feature["featuresDict"]["features"]
        yield prefix, list(members)
        for name, member in members.items():
            yield from _translations(member, f"{prefix}{name}/")


def _read_json(path: str) -> Any:
    try:
        with open_raw(path) as file:
            return json.loads(file.read())
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read ({error})") from None
