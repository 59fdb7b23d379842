"""Has TensorFlow Datasets (TFDS) prepare a translation set: a program of its own, because TFDS imports TensorFlow.

Usage: python -m components.corpus.sources.tfds_prepare NAME CONFIG FOLDER LANGUAGE LANGUAGE
CONFIG may be empty: the set's default. Prints, as JSON, the error that the user can fix: {"error": …}, null if there is
none. Progress and the output of TFDS go to standard error.
"""

import contextlib
import difflib
import json
import logging
import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from components.corpus.sources.tfds import text_names
from components.errors import InputError

# TFDS retries ten times, over three minutes, even a host that does not exist.
_RETRIES = 5
_NAMES_SHOWN = 12


def prepare(name: str, config: str, folder: str, languages: Sequence[str]) -> None:
    """Prepares a set below ``folder``, if it is not prepared yet.

    Raises:
        InputError: if there is no such set or configuration, if it lacks a language, or if it cannot be downloaded.
    """
    import tensorflow_datasets as tfds
    from google.protobuf.json_format import MessageToDict
    from tensorflow_datasets.core.download import downloader

    downloader.MAX_RETRIES = _RETRIES
    if not sys.stderr.isatty():
        tfds.disable_progress_bar()
    word = f"tfds:{name}/{config}" if config else f"tfds:{name}"
    here = f"a prepared one is looked for in {folder}/{name}{config and f'/{config}'}/VERSION (TFDS_DATA_DIR)"
    try:
        known = tfds.builder_cls(name)
    except tfds.core.DatasetNotFoundError:
        names = tfds.list_builders(with_community_datasets=False)
        near = difflib.get_close_matches(name, names, _NAMES_SHOWN, cutoff=0.5)
        version = f"TensorFlow Datasets {tfds.__version__}"
        raise InputError(f"{word}: {version} has no set {name!r}{_list('; near:', near)}; {here}") from None
    configs = list(known.builder_configs)
    if config and config not in configs:
        near = [*difflib.get_close_matches(config, configs, _NAMES_SHOWN), *_of(languages, configs)]
        raise InputError(
            f"{word}: {name} has no configuration {config!r}{_list('; it has, among others:', near or configs)}; {here}"
        )
    builder = tfds.builder(f"{name}/{config}" if config else name, data_dir=folder)
    try:
        text_names(MessageToDict(builder.info.features.to_proto()), languages)
    except InputError as error:
        raise InputError(f"{word} {error}{_list('; configurations:', _of(languages, configs) or configs)}") from None
    sys.stderr.write(f"TensorFlow Datasets prepares {word} in {builder.data_path}\n")
    try:
        # By name, as everywhere: Beam's DirectRunner would download another runner.
        builder.download_and_prepare(download_config=tfds.download.DownloadConfig(beam_runner="FnApiRunner"))
    except Exception as error:
        why = f"{type(error).__name__}: {' '.join(str(error).split())[:400]}"
        raise InputError(f"{word} cannot be prepared ({why}); {here}") from error


def _of(languages: Sequence[str], configs: Iterable[str]) -> list[str]:
    return [config for config in configs if all(language in config for language in languages)]


def _list(title: str, names: Sequence[str]) -> str:
    names = list(dict.fromkeys(names))
    return f"{title} {', '.join(names[:_NAMES_SHOWN])}{', …' if len(names) > _NAMES_SHOWN else ''}" if names else ""


def main(argv: Sequence[str]) -> None:
    name, config, folder, *languages = argv
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.disable(logging.WARNING)
    answer: dict[str, Any] = {"error": None}
    with contextlib.redirect_stdout(sys.stderr):
        try:
            prepare(name, config, folder, languages)
        except InputError as error:
            answer = {"error": str(error)}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1:])
