"""Texts in, translations out: the text codec around the exported search."""

import dataclasses
import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from components.errors import InputError
from components.serving.options import TranslationOptions
from components.serving.segments import Segmented, Segmenter
from components.serving.translation import Alignment, Attention, Hypothesis, Translation
from components.text.codec import TextCodec
from components.text.vocabulary import EOS, PAD, SOS, UNK
from components.text.words import is_translatable, known_words

SETTINGS_FILE = "translator.json"
# The largest batch: source positions (rows × longest row) and hypotheses (rows × beam width). Larger batches make the
# decoder's products more efficient, up to a point: beyond some hundred rows the logits no longer fit the cache.
BATCH_POSITIONS = 4096
BATCH_HYPOTHESES = 320
# A score below this marks an impossible output: a beam may have room for more than the vocabulary can form.
IMPOSSIBLE = -1e8

# source int32 [batch, length], padded with 0; beam_width; length_penalty; coverage_penalty → "ids" int32 [batch,
# beam_width, length], "scores" float32 [batch, beam_width], "alignment" int32 [batch, beam_width, length].
Search = Callable[[np.ndarray, int, float, float], Mapping[str, np.ndarray]]


@dataclass(frozen=True)
class TranslatorSettings:
    """What, besides the codec and the weights, decides how texts are translated.

    ``max_source_length`` is the longest sentence, in tokens, that the model was trained on; ``has_attention`` whether
    it has attention, which a coverage penalty needs. Packages older than that penalty say no.
    """

    max_source_length: int = 50
    has_attention: bool = False

    def check(self, options: TranslationOptions) -> None:
        """Raises InputError if the model cannot do what the options ask for."""
        if options.coverage_penalty and not self.has_attention:
            raise InputError(
                f"coverage_penalty: found {options.coverage_penalty}, must be 0 for this model, which has no attention"
                " or was packaged before there was this penalty"
            )

    def save(self, folder: Path) -> None:
        (folder / SETTINGS_FILE).write_text(json.dumps(dataclasses.asdict(self), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "TranslatorSettings":
        return cls(**json.loads((folder / SETTINGS_FILE).read_text(encoding="utf-8")))


class Translator:
    """Translates texts of any length with a search over sentences; ``attention`` is None for a model without it."""

    def __init__(
        self, codec: TextCodec, search: Search, settings: TranslatorSettings, attention: Attention | None = None
    ):
        self.codec = codec
        self.attention = attention
        self.settings = settings
        self._search = search
        language = codec.settings.source_language
        self._segmenter = Segmenter(
            lambda texts: codec.tokenizers.texts(texts)[0], language, settings.max_source_length
        )

    @classmethod
    def load(cls, saved_model: Path, codec_folder: Path) -> "Translator":
        """The translator of an exported SavedModel and the folder with the codec's files and the settings."""
        codec, exported = TextCodec.load(codec_folder), load_exported(saved_model)
        settings = TranslatorSettings.load(codec_folder)
        return cls(codec, search_of(exported), settings, attention_of(exported, codec))

    def translate(self, texts: Sequence[str], options: TranslationOptions) -> list[Translation]:
        """Texts, shape [n] → their translations, in order.

        A text without a word (empty, or whitespace) is its own translation. Equal sentences are translated once; the
        others go through the search in batches of similar length.

        Raises:
            InputError: if a text is none, or holds half of a surrogate pair (it names the text's number, from 1), or if
                the model cannot do what the options ask for.
        """
        self.settings.check(options)
        _check_texts(texts)
        segmented = self._segmenter.split(texts, options.split_sentences)
        pieces = list(dict.fromkeys(piece for text in segmented for piece in text.pieces))
        tokens, spans = self.codec.tokenizers.texts(pa.array(pieces, pa.string()))
        translated = dict(zip(pieces, self._translate_pieces(pieces, tokens, spans, options), strict=True))
        words = dict(zip(pieces, map(known_words, tokens.to_pylist(), spans), strict=True))
        return [
            _whole_text(text, [translated[piece] for piece in text.pieces], [words[piece] for piece in text.pieces])
            for text in segmented
        ]

    def _translate_pieces(
        self, pieces: list[str], tokens: pa.ListArray, spans: list[list[str]], options: TranslationOptions
    ) -> list[list[Hypothesis]]:
        """Sentences, shape [n], none of them empty, with their tokens and spans → the ``n_best`` hypotheses of each.

        A sentence in which there is nothing to translate is its own translation.
        """
        ids = self.codec.source_ids(tokens)
        hypotheses: list[list[Hypothesis]] = [[] for _ in pieces]
        beam_width = min(options.beam_width, len(self.codec.target_vocabulary))

        def search(rows: list[int]) -> Mapping[str, np.ndarray]:
            return self._search(_padded(ids, rows), beam_width, options.length_penalty, options.coverage_penalty)

        searched = []
        for row, sentence in enumerate(tokens.to_pylist()):
            if is_translatable(sentence) and not self.codec.tokenizers.is_name(pieces[row]):
                searched.append(row)
            else:
                hypotheses[row] = [Hypothesis(pieces[row], 0.0, ())]
        lengths = np.diff(ids.offsets.to_numpy())
        batches = [[searched[i] for i in batch] for batch in _batches(lengths[searched], beam_width)]
        # A thread for each core: TensorFlow would use several for one batch, but only while it multiplies.
        with ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="search") as threads:
            outputs = threads.map(search, batches) if len(batches) > 1 else map(search, batches)
            for rows, found in zip(batches, outputs, strict=True):
                for index, row in enumerate(rows):
                    source = tokens[row].as_py()
                    hypotheses[row] = [
                        self._hypothesis(
                            source, spans[row], *(found[key][index, rank] for key in ("ids", "scores", "alignment"))
                        )
                        for rank in range(min(options.n_best, beam_width))
                        if rank == 0 or found["scores"][index, rank] > IMPOSSIBLE
                    ]
        return hypotheses

    def _hypothesis(
        self, source: Sequence[str], spans: Sequence[str], ids: np.ndarray, score: np.ndarray, positions: np.ndarray
    ) -> Hypothesis:
        """One output of the search as text; ``<unk>`` becomes the source token that the attention points at.

        Args:
            source: the sentence's tokens, in reading order.
            ids: [length], ending with EOS and padding.
            score: the logarithm of the output's probability.
            positions: [length], positions in what the search was given; -1 without attention.
        """
        ends = np.flatnonzero(ids == EOS)
        tokens = np.flatnonzero(
            (ids != PAD) & (ids != SOS) & (np.arange(len(ids)) < (ends[0] if len(ends) else len(ids)))
        )
        positions = positions[tokens]
        if self.codec.settings.reverse_source:
            positions = np.where(positions < 0, -1, len(source) - 1 - positions)
        # The attention may point at padding: that is no token of the sentence.
        positions = np.where(positions < len(source), positions, -1)
        target = [
            self._copied(source, position)
            if token_id == UNK and position >= 0
            else self.codec.target_vocabulary.tokens[token_id]
            for token_id, position in zip(ids[tokens], positions, strict=True)
        ]
        text = self.codec.target_text(target, spans)
        alignment = Alignment(tuple(source), tuple(target), tuple(map(int, positions)), tuple(map(int, ids[tokens])))
        return Hypothesis(text, float(score), (alignment,))

    def _copied(self, source: Sequence[str], position: int) -> str:
        """The token at that position, or the one behind it if it is a mark of the tokenizer that stands for no text."""
        is_mark = not self.codec.tokenizers.detokenize([source[position : position + 1]], source=True)[0]
        return source[min(position + is_mark, len(source) - 1)]


def load_exported(saved_model: Path) -> Any:
    """The SavedModel that ``components.model.export`` wrote, with its functions. Needs TensorFlow, and nothing else."""
    # TensorFlow logs a dozen lines about missing GPUs; an error that matters comes as an exception.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf  # Takes seconds, and options or segments do not need it.

    # It also logs, a line for each function, that a loaded model cannot be trained.
    logger = logging.getLogger("absl")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        return tf.saved_model.load(str(saved_model))
    finally:
        logger.setLevel(level)


def search_of(exported: Any) -> Search:
    """The ``translate`` function of a SavedModel that is loaded."""
    import tensorflow as tf

    (function,) = exported.translate.concrete_functions
    # Models exported before there was a coverage penalty have one parameter less.
    specifications = function.structured_input_signature[0]

    def search(source: np.ndarray, *options: float) -> Mapping[str, np.ndarray]:
        given = zip((source, *options), specifications, strict=False)
        found = exported.translate(*(tf.constant(value, specification.dtype) for value, specification in given))
        return {key: value.numpy() for key, value in found.items()}

    return search


def attention_of(exported: Any, codec: TextCodec) -> Attention | None:
    """The ``attention`` function of a SavedModel that is loaded; None if it was exported without one."""
    import tensorflow as tf

    if not hasattr(exported, "attention"):
        return None

    def attend(alignment: Alignment) -> np.ndarray:
        source = codec.source_ids(pa.array([alignment.source_tokens])).flatten().to_numpy()
        weights = exported.attention(
            source=tf.constant([source], tf.int32), target=tf.constant([[*alignment.target_ids, EOS]], tf.int32)
        ).numpy()[0, :-1]
        return weights[:, ::-1] if codec.settings.reverse_source else weights

    return attend


def _check_texts(texts: Sequence[Any]) -> None:
    for number, text in enumerate(texts, 1):
        if not isinstance(text, str):
            raise InputError(f"text {number}: found {type(text).__name__}, must be a string")
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise InputError(f"text {number}: holds half of a surrogate pair, which is no character") from None


def _batches(lengths: np.ndarray, beam_width: int) -> Iterator[list[int]]:
    """Rows by falling length (shape [n], in tokens), in batches: what needs most memory comes first."""
    batch: list[int] = []
    for row in np.argsort(-lengths, kind="stable").tolist():
        # The first row is the longest of its batch.
        full = batch and (len(batch) + 1) * max(lengths[batch[0]], 1) > BATCH_POSITIONS
        if full or (len(batch) + 1) * beam_width > BATCH_HYPOTHESES:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def _padded(ids: pa.ListArray, rows: Sequence[int]) -> np.ndarray:
    """The ids of these rows, int32 [rows, longest of them], padded with 0."""
    chosen = ids.take(pa.array(rows, pa.int32()))
    lengths = np.diff(chosen.offsets.to_numpy())
    padded = np.full((len(rows), lengths.max()), PAD, np.int32)
    padded[np.arange(padded.shape[1]) < lengths[:, None]] = chosen.flatten().to_numpy()
    return padded


def _whole_text(
    text: Segmented, pieces: Sequence[Sequence[Hypothesis]], words: Sequence[tuple[int, int]]
) -> Translation:
    """The n-th translation of a text joins the n-th hypotheses of its pieces, or the last of a piece that has fewer.

    ``words`` are the known words and all words of each piece.
    """
    known, total = (sum(counts) for counts in zip(*words, strict=True)) if words else (0, 0)
    return Translation(
        tuple(
            Hypothesis(
                text.joined([hypothesis.text for hypothesis in ranked]),
                sum(hypothesis.score for hypothesis in ranked),
                tuple(alignment for hypothesis in ranked for alignment in hypothesis.sentences),
            )
            for rank in range(max(map(len, pieces), default=1))
            for ranked in [[piece[min(rank, len(piece) - 1)] for piece in pieces]]
        ),
        known / total if total else 1.0,
    )
