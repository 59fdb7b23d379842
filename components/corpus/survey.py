"""What is to be prepared, settled and checked before anything is written, and without Beam if it has no options."""

import os
import re
import shlex
from dataclasses import dataclass
from typing import Any

from components.corpus import tfds_folder
from components.corpus.files import is_remote
from components.corpus.key import dataset_key, effective_parameters
from components.corpus.parameters import PrepareParameters
from components.corpus.places import Place
from components.corpus.rules import rules_off
from components.corpus.runners.flags import Flags
from components.corpus.runners.runner import Runner
from components.corpus.runners.table import RUNNERS
from components.corpus.sources import Source, Work, parse_corpus
from components.corpus.sources.words import is_sample, is_tfds, split_words
from components.dataset.manifest import SPLITS
from components.errors import InputError

CORPORA = {"corpus": None, "validation_corpus": "validation", "test_corpus": "test"}
# Pairs are brought together by source sentence in partitions of about this much text. The number of partitions decides
# in which order records are written, so it follows from the corpus, not from the machine.
_PARTITION_BYTES = 8 << 20
_PARTITIONS = range(8, 4096)


@dataclass(frozen=True)
class Survey:
    """The sources of all corpora in one row; ``parts`` are (index of source, index of place, part)."""

    parameters: PrepareParameters
    effective: dict[str, Any]
    key: str
    sources: tuple[Source, ...]
    places: tuple[Place, ...]
    parts: tuple[tuple[int, int, Work], ...]
    partitions: int

    @property
    def given(self) -> frozenset[str]:
        """The splits that are corpora of their own."""
        return frozenset(SPLITS[place.split] for place in self.places if place.split is not None)


def survey(parameters: PrepareParameters) -> Survey:
    """Looks at the corpora and settles the dataset's key.

    Raises:
        InputError: on whatever would make the preparation impossible, as far as it shows beforehand.
    """
    _check_languages(parameters)
    _check_reach(parameters)
    rules_off(parameters)
    corpora = {
        name: parse_corpus(
            name, _for_workers(word, parameters.runner), parameters.source_language, parameters.target_language
        )
        for name in CORPORA
        if (word := getattr(parameters, name)) or name == "corpus"
    }
    for name, sources in corpora.items():
        if not sum(source.size() for source in sources):
            raise InputError(f"{name}: {getattr(parameters, name)} is empty; at least one pair of sentences is needed")
    given = frozenset(split for name in corpora if (split := CORPORA[name]))
    shares = sum(getattr(parameters, f"{split}_share") for split in SPLITS[1:] if split not in given)
    if shares >= 1:
        raise InputError(f"validation_share, test_share: together they are {shares:g}, must be less than 1")
    effective = effective_parameters(parameters, given)
    places, parts = _places_and_parts(corpora)
    size = sum(source.size() for sources in corpora.values() for source in sources)
    partitions = min(max(-(-size // _PARTITION_BYTES), _PARTITIONS.start), _PARTITIONS.stop)
    return Survey(
        parameters=parameters,
        effective=effective,
        key=dataset_key(effective, corpora),
        sources=tuple(source for sources in corpora.values() for source in sources),
        places=places,
        parts=parts,
        partitions=max(partitions, parameters.num_shards),
    )


def _root(word: str) -> str:
    """What tells where the files of a word of a corpus parameter are."""
    return tfds_folder.root() if is_tfds(word) else word


def _words(corpus: str) -> list[str]:
    """The words of a corpus parameter; none, if they cannot be told apart: that is refused when it is parsed."""
    try:
        return split_words(corpus)
    except ValueError:
        return []


def _check_languages(parameters: PrepareParameters) -> None:
    for name in ("source_language", "target_language"):
        if not re.fullmatch(r"[A-Za-z]{2,3}([_-][A-Za-z0-9]+)*", code := getattr(parameters, name)):
            raise InputError(f"{name}: found {code!r}, must be an ISO 639 code, such as en or fr")
    if parameters.source_language == parameters.target_language:
        code = parameters.source_language
        raise InputError(f"target_language: found {code!r}, must differ from source_language, which is {code!r} too")


def _check_reach(parameters: PrepareParameters) -> None:
    runner, flags = RUNNERS[parameters.runner], Flags.parse(parameters.beam_options)
    if flags.words:
        from components.corpus.runners.launch import check_flags

        check_flags(flags)
    runner.check(flags)
    if not runner.shares_files(flags):
        _check_remote(parameters, runner)


def _check_remote(parameters: PrepareParameters, runner: Runner) -> None:
    """The workers share no file with this machine: all that they read and write must be elsewhere."""
    if not is_remote(parameters.data_dir):
        found = repr(parameters.data_dir) if parameters.data_dir else "none"
        raise InputError(
            f"data_dir: found {found}, must be where the workers of {runner.name} can write, such as gs://BUCKET/FOLDER"
            f" (files of this machine: {runner.sharing_rule()})"
        )
    for name in CORPORA:
        for word in _words(getattr(parameters, name)):
            if not is_remote(_root(word)) and not is_sample(word):
                raise InputError(
                    f"{name}: found {word!r}, must be sample or what the workers of {runner.name} can read, such as"
                    f" gs://BUCKET/FILE (files of this machine: {runner.sharing_rule()})"
                )


def _for_workers(corpus: str, runner: str) -> str:
    """The corpus with absolute paths: only workers that are threads of this process have its working folder."""
    if RUNNERS[runner].in_process:
        return corpus
    words = _words(corpus)
    if not words:
        return corpus
    stay = [is_remote(word) or is_sample(word) or is_tfds(word) for word in words]
    return shlex.join(word if stays else os.path.abspath(word) for word, stays in zip(words, stay, strict=True))


def _places_and_parts(
    corpora: dict[str, list[Source]],
) -> tuple[tuple[Place, ...], tuple[tuple[int, int, Work], ...]]:
    places: list[Place] = []
    parts: list[tuple[int, int, Work]] = []
    number = 0
    for name, sources in corpora.items():
        split = CORPORA[name]
        for source in sources:
            known: dict[str, int] = {}
            for work in source.work():
                if work.place not in known:
                    known[work.place] = len(places)
                    places.append(Place(work.place, name, SPLITS.index(split) if split else None))
                parts.append((number, known[work.place], work))
            number += 1
    return tuple(places), tuple(parts)
