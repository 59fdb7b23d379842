"""The plan: what is to be prepared, settled and checked before anything is written, and without Beam if possible."""

import dataclasses
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from components.code import code_digest
from components.corpus.blocks import SIDES
from components.corpus.files import is_remote
from components.corpus.parameters import PrepareParameters
from components.corpus.rules import rules_off
from components.corpus.runners import RUNNERS, checked_runner
from components.corpus.sources.formats import Corpus, CorpusWord
from components.corpus.sources.source import Range, Source
from components.dataset.manifest import GIVEN, SCHEMA_VERSION, SPLITS
from components.errors import InputError
from components.text.codec import CodecSettings, TextCodec
from components.text.inventory import Inventory

# The parameters that name a corpus, and the split that it is, if it is one of its own.
CORPORA = {"corpus": None, "validation_corpus": "validation", "test_corpus": "test", "guard_corpus": "guard"}
# The code that decides what is written, and the libraries that do.
_ENTRY = "components.corpus.preparation"
_LIBRARIES = ("pyarrow", "pyrealb", "sentencepiece")
# What a dataset is called by; a 64-bit prefix is enough to keep datasets apart.
_KEY_DIGITS = 16
# Pairs are brought together by source sentence in partitions of about this much text. The number of partitions decides
# in which order records are written, so it follows from the corpus, not from the machine.
_PARTITION_BYTES = 8 << 20
_PARTITIONS = range(8, 4096)


@dataclass(frozen=True)
class SourceFile:
    """A file, or what else holds lines, under the name that ``rejected/`` gives it; ``parameter`` named it.

    ``split`` (an index into ``manifest.GIVEN``) is set for a given validation, test or guard corpus: all its lines go
    there, as they are. ``word`` is the number of the parameter's word that it belongs to, from 0.
    """

    name: str
    parameter: str
    split: int | None = None
    word: int = 0


@dataclass(frozen=True)
class PlannedRange:
    """A range of a source that one worker reads; ``file`` is the index of its file in ``Plan.files``."""

    source: Source
    file: int
    range_: Range


class Judge(Protocol):
    """A packaged model by whose scores pairs are filtered.

    ``digest`` is that of all that decides on its scores; ``forward`` says whether it translates in the direction of the
    corpus, or back.
    """

    @property
    def name(self) -> str: ...
    @property
    def folder(self) -> Path: ...
    @property
    def digest(self) -> str: ...
    @property
    def forward(self) -> bool: ...


@dataclass(frozen=True)
class BaseCodec:
    """The text codec of a model that the dataset is prepared for.

    ``model`` and ``digest`` say which model that is; ``learnt`` is what the tokenizer of a side has learnt, ``tokens``
    the tokens of its vocabulary by id.
    """

    model: str
    digest: str
    settings: CodecSettings
    learnt: dict[str, bytes]
    tokens: dict[str, pa.StringArray]

    @classmethod
    def of(cls, codec: TextCodec, model: str, digest: str) -> "BaseCodec":
        """The codec, of which a worker needs no more than this."""
        vocabularies = (codec.source_vocabulary, codec.target_vocabulary)
        tokens = [pa.array(vocabulary.tokens, pa.string()) for vocabulary in vocabularies]
        sides = (dict(zip(SIDES, values, strict=True)) for values in (codec.learnt, tokens))
        return cls(model, digest, codec.settings, *sides)


@dataclass(frozen=True)
class Plan:
    """What is to be prepared.

    ``corpora`` are the sources by the parameter that names them; ``words`` those of ``corpus``; ``files`` those of all
    sources, which blocks refer to by index; ``rules_off`` the cleaning rules not to apply; ``effective`` the parameters
    that matter, as the manifest shows them; ``base`` what says how sentences become ids, if that is not to be learnt;
    ``judges`` the models of ``filter_model``.
    """

    parameters: PrepareParameters
    rules_off: frozenset[str]
    corpora: dict[str, list[Source]]
    words: tuple[CorpusWord, ...]
    files: tuple[SourceFile, ...]
    ranges: tuple[PlannedRange, ...]
    partitions: int
    effective: dict[str, Any]
    key: str
    base: BaseCodec | None = None
    judges: Sequence[Judge] = ()

    @property
    def given(self) -> frozenset[str]:
        """The splits that are corpora of their own."""
        return _given(self.corpora)

    @property
    def mixed(self) -> bool:
        """Whether training draws some words of the corpus more often than others: then each has files of its own."""
        return _mixed(self.words)

    @property
    def codec_settings(self) -> CodecSettings:
        """How sentences become ids."""
        if self.base:
            return self.base.settings
        p = self.parameters
        return CodecSettings(p.source_language, p.target_language, p.tokenizer, p.reverse_source)


def make_plan(parameters: PrepareParameters, base: BaseCodec | None = None, judges: Sequence[Judge] = ()) -> Plan:
    """Looks at the corpora and settles the dataset's key.

    Args:
        parameters: what to prepare, and how; with a base those about languages and tokenizers are the base's.
        base: the codec of ``parameters.base_model``.
        judges: the models of ``parameters.filter_model``.

    Raises:
        InputError: on whatever would make the preparation impossible, as far as it shows beforehand.
    """
    _check_languages(parameters)
    _check_extension(parameters, base)
    named = [Corpus.parse(name, text) for name in CORPORA if (text := getattr(parameters, name)) or name == "corpus"]
    _check_runner(parameters, named)
    off = rules_off(parameters)
    # Only workers that are threads of this process have its working folder.
    in_process = RUNNERS[parameters.runner].in_process
    by_word = {
        corpus.parameter: (corpus if in_process else corpus.absolute()).sources_by_word(
            parameters.source_language, parameters.target_language
        )
        for corpus in named
    }
    corpora = {name: [source for sources in words for source in sources] for name, words in by_word.items()}
    words = named[0].words
    sizes = {name: sum(source.size() for source in sources) for name, sources in corpora.items()}
    for name, size in sizes.items():
        if not size:
            raise InputError(f"{name}: {getattr(parameters, name)} is empty; at least one pair of sentences is needed")
    given = _given(corpora)
    shares = sum(getattr(parameters, f"{split}_share") for split in SPLITS[1:] if split not in given)
    if shares >= 1:
        raise InputError(f"validation_share, test_share: together they are {shares:g}, must be less than 1")
    files, ranges = _files_and_ranges(by_word)
    partitions = min(max(-(-sum(sizes.values()) // _PARTITION_BYTES), _PARTITIONS.start), _PARTITIONS.stop)
    effective = _effective_parameters(parameters, given, off, base, judges)
    return Plan(
        parameters=parameters,
        rules_off=off,
        corpora=corpora,
        words=words,
        files=files,
        ranges=ranges,
        partitions=max(partitions, parameters.num_shards),
        effective=effective,
        key=_dataset_key(effective, by_word, words, base, judges),
        base=base,
        judges=judges,
    )


def _mixed(words: Sequence[CorpusWord]) -> bool:
    return any(word.weight != 1 for word in words)


def _given(corpora: dict[str, list[Source]]) -> frozenset[str]:
    return frozenset(split for name in corpora if (split := CORPORA[name]))


def _check_languages(parameters: PrepareParameters) -> None:
    for name in ("source_language", "target_language"):
        if not re.fullmatch(r"[A-Za-z]{2,3}([_-][A-Za-z0-9]+)*", code := getattr(parameters, name)):
            raise InputError(f"{name}: found {code!r}, must be an ISO 639 code, such as en or fr")
    if parameters.source_language == parameters.target_language:
        code = parameters.source_language
        raise InputError(f"target_language: found {code!r}, must differ from source_language, which is {code!r} too")


def _check_extension(parameters: PrepareParameters, base: BaseCodec | None) -> None:
    if not parameters.extend_vocabulary:
        return
    found = f"extend_vocabulary: found {parameters.extend_vocabulary}, must be 0"
    if not base:
        raise InputError(f"{found} without base_model: vocab_size says how large a new vocabulary may be")
    if any(Inventory.load(learnt).cuts for learnt in base.learnt.values()):
        raise InputError(f"{found} with {base.model}, which cuts words into pieces: no word is unknown to it")


def _check_runner(parameters: PrepareParameters, corpora: list[Corpus]) -> None:
    """Checks that the runner can be started, and that its workers can read and write all files.

    Workers that share no file with this machine must find all that they read, and write, elsewhere.
    """
    runner, flags = checked_runner(parameters.runner, parameters.beam_options)
    if runner.shares_files(flags):
        return
    if not is_remote(parameters.data_dir):
        found = repr(parameters.data_dir) if parameters.data_dir else "none"
        raise InputError(
            f"data_dir: found {found}, must be where the workers of {runner.name} can write, such as gs://BUCKET/FOLDER"
            f" (files of this machine: {runner.sharing_rule()})"
        )
    if parameters.filter_model:
        raise InputError(
            f"filter_model: found {parameters.filter_model!r}, must not be set where the workers of {runner.name} do"
            f" not see this machine's files ({runner.sharing_rule()})"
        )
    for corpus in corpora:
        for word in corpus.words:
            if word.needs_this_machine:
                raise InputError(
                    f"{corpus.parameter}: found {str(word)!r}, must be sample or what the workers of {runner.name} can"
                    f" read, such as gs://BUCKET/FILE (files of this machine: {runner.sharing_rule()})"
                )


def _files_and_ranges(
    corpora: dict[str, list[list[Source]]],
) -> tuple[tuple[SourceFile, ...], tuple[PlannedRange, ...]]:
    files: list[SourceFile] = []
    ranges: list[PlannedRange] = []
    for parameter, words in corpora.items():
        split = GIVEN.index(name) if (name := CORPORA[parameter]) else None
        for word, source in [(word, source) for word, sources in enumerate(words) for source in sources]:
            index: dict[str, int] = {}
            for range_ in source.ranges():
                if range_.file not in index:
                    index[range_.file] = len(files)
                    files.append(SourceFile(range_.file, parameter, split, word))
                ranges.append(PlannedRange(source, index[range_.file], range_))
    return tuple(files), tuple(ranges)


def _effective_parameters(
    parameters: PrepareParameters,
    given: frozenset[str],
    off: frozenset[str],
    base: BaseCodec | None,
    judges: Sequence[Judge],
) -> dict[str, Any]:
    """The parameters that matter. What has no effect is None, or left out.

    Such are the shares of splits that are given, where things are written, and by whom; with a base, what is said of a
    new vocabulary.
    """
    values = dataclasses.asdict(parameters)
    for name in ("data_dir", "runner", "beam_options", "force"):
        del values[name]
    for split in given & set(SPLITS):
        values[f"{split}_share"] = None
    values["rules_off"] = " ".join(sorted(off))
    if base:
        values["base_model"] = base.model
        values["vocab_size"] = None
        values["min_count"] = parameters.min_count if parameters.extend_vocabulary else None
    values["filter_model"] = " ".join(judge.name for judge in judges)
    if not judges:
        values["filter_share"] = None
    return values


def _dataset_key(
    effective: dict[str, Any],
    corpora: dict[str, list[list[Source]]],
    words: Sequence[CorpusWord],
    base: BaseCodec | None,
    judges: Sequence[Judge],
) -> str:
    """A digest of everything that decides what is in the dataset: the content of corpora and models, not names."""
    names = {*CORPORA, "base_model", "filter_model"}
    # Which sources are a word does not matter, but where words have weights.
    mix = [(word.weight, len(sources)) for word, sources in zip(words, corpora["corpus"], strict=True)]
    document = {
        "schema": SCHEMA_VERSION,
        "parameters": {name: value for name, value in effective.items() if name not in names},
        "base": base.digest if base else "",
        "judges": [judge.digest for judge in judges],
        "content": {
            name: [[type(source).__name__, source.digest()] for sources in opened for source in sources]
            for name, opened in corpora.items()
        },
        "mix": mix if _mixed(words) else [],
        "code": code_digest(_ENTRY, libraries=_LIBRARIES),
    }
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:_KEY_DIGITS]
