"""The text codec: the one object that turns sentences into ids and ids into sentences.

Beam encodes with it, the trainer decodes its examples with it, the served model carries it: what it does, it does
everywhere.
"""

import dataclasses
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from components.errors import InputError
from components.text.tokenizer import Tokenizer, make_tokenizer, tokenizer_kind
from components.text.vocabulary import EOS, SOS, Vocabulary

SETTINGS_FILE = "tokenizer/settings.json"


@dataclass(frozen=True)
class CodecSettings:
    """What, besides the vocabularies, decides how text becomes ids. Languages are ISO 639 codes."""

    source_language: str = "en"
    target_language: str = "fr"
    tokenizer: str = "word"
    reverse_source: bool = True


class TokenCodec:
    """The half of the text codec that begins with tokens: source → (reversed) ids; target → SOS ids EOS."""

    def __init__(self, settings: CodecSettings, source_vocabulary: Vocabulary, target_vocabulary: Vocabulary):
        self.settings = settings
        self.source_vocabulary = source_vocabulary
        self.target_vocabulary = target_vocabulary

    def source_ids(self, tokens: pa.ListArray) -> pa.ListArray:
        """Tokens, shape [n, (tokens)] → int32 ids, same shape, last token first if ``reverse_source``."""
        ids, offsets = self.source_vocabulary.ids(tokens.flatten()), _offsets(tokens)
        if self.settings.reverse_source:
            ids = ids[_reversal(offsets)]
        return pa.ListArray.from_arrays(offsets, ids)

    def target_ids(self, tokens: pa.ListArray) -> pa.ListArray:
        """Tokens, shape [n, (tokens)] → int32 ids, shape [n, (1 + tokens + 1)]: SOS, the tokens, EOS."""
        ids, offsets = self.target_vocabulary.ids(tokens.flatten()), _offsets(tokens)
        framed_offsets = offsets + 2 * np.arange(len(offsets), dtype=np.int32)
        framed = np.empty(len(ids) + 2 * len(tokens), np.int32)
        framed[framed_offsets[:-1]] = SOS
        framed[framed_offsets[1:] - 1] = EOS
        sentence = np.repeat(np.arange(len(tokens)), np.diff(offsets))
        framed[np.arange(len(ids)) + 2 * sentence + 1] = ids
        return pa.ListArray.from_arrays(framed_offsets, framed)


class TextCodec(TokenCodec):
    """Source sentences → (reversed) ids; target sentences ⇄ SOS ids EOS.

    ``learnt`` is what the tokenizers of source and target have learnt, for those that learn.

    Raises:
        ValueError: if they cannot have learnt that.
    """

    def __init__(
        self,
        settings: CodecSettings,
        source_vocabulary: Vocabulary,
        target_vocabulary: Vocabulary,
        learnt: tuple[bytes, bytes] = (b"", b""),
    ):
        super().__init__(settings, source_vocabulary, target_vocabulary)
        self.learnt = learnt
        self.source_tokenizer: Tokenizer = make_tokenizer(settings.tokenizer, settings.source_language, learnt[0])
        self.target_tokenizer: Tokenizer = make_tokenizer(settings.tokenizer, settings.target_language, learnt[1])

    def encode_source(self, sentences: pa.StringArray) -> pa.ListArray:
        """Sentences, shape [n] → int32 ids, shape [n, (tokens)], last token first if ``reverse_source``."""
        return self.source_ids(self.source_tokenizer.tokenize(sentences))

    def encode_target(self, sentences: pa.StringArray) -> pa.ListArray:
        """Sentences, shape [n] → int32 ids, shape [n, (1 + tokens + 1)]: SOS, the tokens, EOS."""
        return self.target_ids(self.target_tokenizer.tokenize(sentences))

    def decode_target(self, ids: Iterable[Sequence[int]]) -> list[str]:
        """Ids, shape [n, (any)] → n sentences. SOS and padding are skipped; whatever follows EOS is ignored."""
        return self.target_tokenizer.detokenize([self.target_vocabulary.words(sentence) for sentence in ids])

    def save(self, folder: Path) -> None:
        """Writes the vocabularies, the tokenizer's settings and what it has learnt into ``folder``."""
        settings = folder / SETTINGS_FILE
        settings.parent.mkdir(parents=True, exist_ok=True)
        languages = (self.settings.source_language, self.settings.target_language)
        vocabularies = (self.source_vocabulary, self.target_vocabulary)
        for language, vocabulary, learnt in zip(languages, vocabularies, self.learnt, strict=True):
            vocabulary.save(vocabulary_file(folder, language))
            if tokenizer_kind(self.settings.tokenizer).learn:
                learnt_file(folder, language).write_bytes(learnt)
        settings.write_text(json.dumps(dataclasses.asdict(self.settings), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "TextCodec":
        """The codec that :meth:`save` wrote.

        Raises:
            InputError: if one of its files is missing or damaged.
        """
        path = folder / SETTINGS_FILE
        try:
            settings = CodecSettings(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise InputError(f"text codec {path}: {error}") from None
        languages = (settings.source_language, settings.target_language)
        source, target = (Vocabulary.load(vocabulary_file(folder, language)) for language in languages)
        learns = tokenizer_kind(settings.tokenizer).learn
        files = [learnt_file(folder, language) for language in languages]
        try:
            source_learnt, target_learnt = (file.read_bytes() if learns else b"" for file in files)
            return cls(settings, source, target, (source_learnt, target_learnt))
        except (OSError, ValueError) as error:
            raise InputError(f"text codec, {' or '.join(map(str, files))}: {error}") from None


def vocabulary_file(folder: Path, language: str) -> Path:
    """Where the vocabulary of a language stands in a dataset or in a model."""
    return folder / f"vocabulary.{language}.txt"


def learnt_file(folder: Path, language: str) -> Path:
    """Where that stands which the tokenizer of a language has learnt, if it learns."""
    return folder / "tokenizer" / f"{language}.model"


def codec_files(languages: Iterable[str], tokenizer: str) -> set[str]:
    """Where :meth:`TextCodec.save` puts things, relative to its folder."""
    folder, kinds = Path(), [vocabulary_file]
    if tokenizer_kind(tokenizer).learn:
        kinds.append(learnt_file)
    return {SETTINGS_FILE, *(str(kind(folder, language)) for kind in kinds for language in languages)}


def _offsets(lists: pa.ListArray) -> np.ndarray:
    """Where each list begins in ``lists.flatten()``, and where the last one ends; int32, shape [n + 1]."""
    offsets = lists.offsets.to_numpy()
    return offsets - offsets[0]


def _reversal(offsets: np.ndarray) -> np.ndarray:
    """The index that reads each list backwards: within a list, position i goes to begin + end - 1 - i."""
    lengths = np.diff(offsets)
    return np.repeat(offsets[:-1] + offsets[1:] - 1, lengths) - np.arange(offsets[-1])
