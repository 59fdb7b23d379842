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
from components.text import legacy
from components.text.inventory import Inventory
from components.text.normalization import single_spaces
from components.text.sentences import WITH_PLACEHOLDERS, sentence_words
from components.text.spans import Spans, restore
from components.text.tokenizer import Tokenizer
from components.text.vocabulary import EOS, SOS, Vocabulary

SETTINGS_FILE = "tokenizer/settings.json"
# What is written by this version of the code: 2 reads case, spelling and spans as `tokenizer` and `spans` say; 1, which
# settings without a version are of, is what `legacy` reads.
VERSION = 2


@dataclass(frozen=True)
class CodecSettings:
    """What, besides the vocabularies, decides how text becomes ids. Languages are ISO 639 codes."""

    source_language: str = "en"
    target_language: str = "fr"
    tokenizer: str = "word"
    reverse_source: bool = True
    version: int = VERSION

    @property
    def languages(self) -> tuple[str, str]:
        """Of source and target."""
        return self.source_language, self.target_language


class Tokenizers:
    """The tokenizers of source and target, each with what it has learnt, and the spans that pass them untouched.

    Raises:
        ValueError: if what is given as learnt is not.
    """

    def __init__(self, settings: CodecSettings, learnt: tuple[bytes, bytes]):
        self.source = Tokenizer(settings.source_language, learnt[0], simplified=True)
        self.target = Tokenizer(settings.target_language, learnt[1])
        self._spans = Spans(self.source)

    def pairs(self, source: pa.StringArray, target: pa.StringArray) -> tuple[pa.ListArray, pa.ListArray]:
        """Sentence pairs, shape [n] a side → tokens, shape [n, (tokens)] a side; a span of both is a placeholder."""
        source_words, target_words = self._spans.protect_pairs(single_spaces(source), target)
        return self.source.cut(source_words), self.target.cut(target_words)

    def texts(self, texts: pa.StringArray) -> tuple[pa.ListArray, list[list[str]]]:
        """Source texts, shape [n] → tokens, shape [n, (tokens)], and the spans that placeholders stand for."""
        words, spans = self._spans.protect(single_spaces(texts))
        return self.source.cut(words), spans

    def is_name(self, text: str) -> bool:
        """Whether a text is nothing but a name, which stays as it is."""
        return self._spans.is_name(text)

    def detokenize(self, tokens: Sequence[Sequence[str]], source: bool = False) -> list[str]:
        """Tokens of the target, or of the source → the sentences."""
        return (self.source if source else self.target).detokenize(tokens)


class FirstTokenizers(Tokenizers):
    """The same of a codec of version 1, which knew neither spans nor names."""

    def __init__(self, settings: CodecSettings, learnt: tuple[bytes, bytes]):
        self.first_source, self.first_target = (
            legacy.make_tokenizer(settings.tokenizer, language, bytes_)
            for language, bytes_ in zip(settings.languages, learnt, strict=True)
        )

    def pairs(self, source: pa.StringArray, target: pa.StringArray) -> tuple[pa.ListArray, pa.ListArray]:
        return self.first_source.tokenize(source), self.first_target.tokenize(target)

    def texts(self, texts: pa.StringArray) -> tuple[pa.ListArray, list[list[str]]]:
        return self.first_source.tokenize(texts), [[] for _ in texts]

    def is_name(self, text: str) -> bool:
        return False

    def detokenize(self, tokens: Sequence[Sequence[str]], source: bool = False) -> list[str]:
        return (self.first_source if source else self.first_target).detokenize(tokens)


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

    ``learnt`` is what the tokenizers of source and target have learnt.

    Raises:
        ValueError: if they cannot have learnt that.
    """

    def __init__(
        self,
        settings: CodecSettings,
        source_vocabulary: Vocabulary,
        target_vocabulary: Vocabulary,
        learnt: tuple[bytes, bytes],
    ):
        super().__init__(settings, source_vocabulary, target_vocabulary)
        self.learnt = learnt
        self.tokenizers = (FirstTokenizers if settings.version == 1 else Tokenizers)(settings, learnt)

    def encode_pairs(self, source: pa.StringArray, target: pa.StringArray) -> tuple[pa.ListArray, pa.ListArray]:
        """Sentence pairs, shape [n] a side → int32 ids, shape [n, (tokens)] and [n, (1 + tokens + 1)]."""
        source_tokens, target_tokens = self.tokenizers.pairs(source, target)
        return self.source_ids(source_tokens), self.target_ids(target_tokens)

    def encode_source(self, texts: pa.StringArray) -> pa.ListArray:
        """Texts, shape [n] → int32 ids, shape [n, (tokens)], last token first if ``reverse_source``."""
        return self.source_ids(self.tokenizers.texts(texts)[0])

    def encode_placeholders(self, sentences: Sequence[str], source: bool = True) -> list[np.ndarray]:
        """Sentences in which placeholders stand → ids of each, of the target without SOS and EOS."""
        tokenizer = self.tokenizers.source if source else self.tokenizers.target
        tokens = tokenizer.cut(sentence_words(pa.array(sentences, pa.string()), WITH_PLACEHOLDERS))
        lists = self.source_ids(tokens) if source else self.target_ids(tokens)
        return [ids.values.to_numpy() if source else ids.values.to_numpy()[1:-1] for ids in lists]

    def source_text(self, ids: Sequence[int]) -> str:
        """The sentence of source ids, in its simplified form, with the placeholders that stand in it."""
        ordered = ids[::-1] if self.settings.reverse_source else ids
        return self.tokenizers.detokenize([self.source_vocabulary.words(ordered)], source=True)[0]

    def decode_target(self, ids: Iterable[Sequence[int]]) -> list[str]:
        """Ids, shape [n, (any)] → n sentences. SOS and padding are skipped; whatever follows EOS is ignored."""
        return self.tokenizers.detokenize([self.target_vocabulary.words(sentence) for sentence in ids])

    def target_text(self, tokens: Sequence[str], spans: Sequence[str]) -> str:
        """The sentence of target tokens, each of the spans in it once, where its placeholder stands."""
        return restore(self.tokenizers.detokenize([tokens])[0], spans)

    def extends(self, other: "TextCodec") -> bool:
        """Whether it reads texts as the other one, every id of which means the same here; it may know more words."""
        if self.settings != other.settings:
            return False
        sides = zip(self._sides, other._sides, strict=True)
        return all(
            vocabulary.tokens[: len(before)] == before.tokens
            and (learnt == learnt_before or Inventory.load(learnt).extends(Inventory.load(learnt_before)))
            for (vocabulary, learnt), (before, learnt_before) in sides
        )

    @property
    def _sides(self) -> tuple[tuple[Vocabulary, bytes], ...]:
        return (self.source_vocabulary, self.learnt[0]), (self.target_vocabulary, self.learnt[1])

    def save(self, folder: Path) -> None:
        """Writes the vocabularies, the tokenizer's settings and what it has learnt into ``folder``."""
        settings = folder / SETTINGS_FILE
        settings.parent.mkdir(parents=True, exist_ok=True)
        vocabularies = (self.source_vocabulary, self.target_vocabulary)
        for language, vocabulary, learnt in zip(self.settings.languages, vocabularies, self.learnt, strict=True):
            vocabulary.save(vocabulary_file(folder, language))
            learnt_file(folder, language).write_bytes(learnt)
        settings.write_text(json.dumps(dataclasses.asdict(self.settings), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "TextCodec":
        """The codec that :meth:`save` wrote, here or in an earlier version.

        Raises:
            InputError: if one of its files is missing or damaged.
        """
        path = folder / SETTINGS_FILE
        try:
            settings = CodecSettings(**{"version": 1, **json.loads(path.read_text(encoding="utf-8"))})
        except (OSError, ValueError, TypeError) as error:
            raise InputError(f"text codec {path}: {error}") from None
        if not 1 <= settings.version <= VERSION:
            raise InputError(f"text codec {path}: found version {settings.version}, must be at most {VERSION}")
        source, target = (Vocabulary.load(vocabulary_file(folder, language)) for language in settings.languages)
        files = [learnt_file(folder, language) for language in settings.languages]
        learns = settings.version > 1 or settings.tokenizer != "word"
        try:
            source_learnt, target_learnt = (file.read_bytes() if learns else b"" for file in files)
            return cls(settings, source, target, (source_learnt, target_learnt))
        except (OSError, ValueError) as error:
            raise InputError(f"text codec, {' or '.join(map(str, files))}: {error}") from None


def vocabulary_file(folder: Path, language: str) -> Path:
    """Where the vocabulary of a language stands in a dataset or in a model."""
    return folder / f"vocabulary.{language}.txt"


def learnt_file(folder: Path, language: str) -> Path:
    """Where that stands which the tokenizer of a language has learnt."""
    return folder / "tokenizer" / f"{language}.model"


def codec_files(languages: Iterable[str]) -> set[str]:
    """Where :meth:`TextCodec.save` puts things, relative to its folder."""
    files = (vocabulary_file, learnt_file)
    return {SETTINGS_FILE, *(str(file(Path(), language)) for file in files for language in languages)}


def _offsets(lists: pa.ListArray) -> np.ndarray:
    """Where each list begins in ``lists.flatten()``, and where the last one ends; int32, shape [n + 1]."""
    offsets = lists.offsets.to_numpy()
    return offsets - offsets[0]


def _reversal(offsets: np.ndarray) -> np.ndarray:
    """The index that reads each list backwards: within a list, position i goes to begin + end - 1 - i."""
    lengths = np.diff(offsets)
    return np.repeat(offsets[:-1] + offsets[1:] - 1, lengths) - np.arange(offsets[-1])
