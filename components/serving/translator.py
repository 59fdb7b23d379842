"""Texts in, translations out: the text codec around the exported search."""

import dataclasses
import json
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from components.errors import InputError
from components.serving.batching import Search, SearchQueue
from components.serving.confidence import Confidence, features
from components.serving.forced import Force, force_all, force_of
from components.serving.options import TranslationOptions
from components.serving.segments import Segmented, Segmenter
from components.serving.translation import Alignment, Attention, Hypothesis, Score, Translation
from components.text.codec import TextCodec
from components.text.normalization import compose
from components.text.vocabulary import EOS, PAD, SOS, SPECIAL_TOKENS, UNK
from components.text.words import is_translatable, known_words

SETTINGS_FILE = "translator.json"
# A score below this marks an impossible output: a beam may have room for more than the vocabulary can form.
IMPOSSIBLE = -1e8


@dataclass(frozen=True)
class TranslatorSettings:
    """What, besides the codec and the weights, decides how texts are translated.

    ``max_source_length`` is the longest sentence, in tokens, that the model was trained on; ``has_attention`` whether
    it has attention, which a coverage penalty needs; ``batch_invariant`` says that what its search finds for a sentence
    has the same bits in every batch; ``scores`` whether it was exported with forced decoding; ``confidence`` what a
    translation's confidence is computed with. Packages older than these have none of them.
    """

    max_source_length: int = 50
    has_attention: bool = False
    batch_invariant: bool = False
    scores: bool = False
    confidence: Confidence | None = None

    def check(self, options: TranslationOptions) -> None:
        """Raises InputError if the model cannot do what the options ask for."""
        if options.coverage_penalty and not self.has_attention:
            raise InputError(
                f"coverage_penalty: found {options.coverage_penalty}, must be 0 for this model, which has no attention"
                " or was packaged before there was this penalty"
            )
        again = "; train it again (`./nmt train`), which packages it anew"
        if options.score and not self.scores:
            raise InputError(f"model: it was packaged before models could score translations{again}")
        if options.confident and not self.confidence:
            raise InputError(f"model: it was packaged without what its confidence is computed with{again}")

    def not_scored(self, source: int, target: int) -> str:
        """Why a pair of so many tokens a side cannot be scored; empty if it can."""
        # The search ends a translation of twice as many and ten, EOS included.
        longest = self.max_source_length, 2 * self.max_source_length + 9
        if not source:
            return "the source is empty"
        if source > longest[0]:
            return f"the source has {source} tokens, must have at most {longest[0]}"
        return f"the translation has {target} tokens, must have at most {longest[1]}" if target > longest[1] else ""

    def save(self, folder: Path) -> None:
        (folder / SETTINGS_FILE).write_text(json.dumps(dataclasses.asdict(self), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "TranslatorSettings":
        values = json.loads((folder / SETTINGS_FILE).read_text(encoding="utf-8"))
        confidence = values.pop("confidence", None)
        return cls(**values, confidence=Confidence(**confidence) if confidence else None)


class Translator:
    """Translates texts of any length with a search over sentences, for many callers at once, and scores translations.

    ``attention`` is None for a model that was exported without it, and ``force`` for one without forced decoding.
    """

    def __init__(
        self,
        codec: TextCodec,
        search: Search,
        settings: TranslatorSettings,
        attention: Attention | None = None,
        force: Force | None = None,
    ):
        self.codec = codec
        self.attention = attention
        self.settings = settings
        self._force = force
        self.queue = SearchQueue(search, settings.batch_invariant)
        language = codec.settings.source_language
        self.segmenter = Segmenter(lambda texts: codec.tokenizers.texts(texts)[0], language, settings.max_source_length)

    @classmethod
    def load(cls, saved_model: Path, codec_folder: Path) -> "Translator":
        """The translator of an exported SavedModel and the folder with the codec's files and the settings."""
        return cls.of(load_exported(saved_model), TextCodec.load(codec_folder), TranslatorSettings.load(codec_folder))

    @classmethod
    def of(cls, exported: Any, codec: TextCodec, settings: TranslatorSettings) -> "Translator":
        """The translator of a SavedModel that is loaded."""
        return cls(codec, search_of(exported), settings, attention_of(exported, codec), force_of(exported))

    def translate(self, texts: Sequence[str], options: TranslationOptions) -> list[Translation]:
        """Texts, shape [n] → their translations, in order.

        A text without a word (empty, or whitespace) is its own translation. Equal sentences are translated once; the
        others go through the search in batches, see :class:`~components.serving.batching.SearchQueue`.

        Raises:
            CallerGoneError: if nobody waits for them any more.
            InputError: if a text is none, or holds half of a surrogate pair (it names the text's number, from 1), or if
                the model cannot do what the options ask for.
        """
        self.settings.check(options)
        _check_texts(texts)
        segmented = self.segmenter.split(texts, options.split_sentences)
        pieces = list(dict.fromkeys(piece for text in segmented for piece in text.pieces))
        tokens, spans = self.codec.tokenizers.texts(pa.array(pieces, pa.string()))
        translated = dict(zip(pieces, self._translate_pieces(pieces, tokens, spans, options), strict=True))
        words = dict(zip(pieces, map(known_words, tokens.to_pylist(), spans), strict=True))
        translations = [
            _whole_text(text, [translated[piece] for piece in text.pieces], [words[piece] for piece in text.pieces])
            for text in segmented
        ]
        if not options.confident:
            return translations
        confidences = self.confidences([translation.hypotheses[0] for translation in translations])
        return [
            translation.with_confidence(confidence, options.min_confidence)
            for translation, confidence in zip(translations, confidences, strict=True)
        ]

    def confidences(self, hypotheses: Sequence[Hypothesis]) -> list[float]:
        """How good translations are to be expected, from 0 to 1: the mean over their sentences, by tokens.

        It is 1 where nothing was translated. The model must have been packaged with what it is computed with.
        """
        assert self.settings.confidence
        sentences = list(dict.fromkeys(sentence for hypothesis in hypotheses for sentence in hypothesis.sentences))
        sure = dict(zip(sentences, map(self.settings.confidence.of, self.features(sentences)), strict=True))
        return [
            sum(len(sentence.target_ids) * sure[sentence] for sentence in found.sentences) / tokens if tokens else 1.0
            for found in hypotheses
            for tokens in [sum(len(sentence.target_ids) for sentence in found.sentences)]
        ]

    def features(self, alignments: Sequence[Alignment]) -> list[np.ndarray]:
        """Of sentences and their translations: what the confidence is computed from, see :mod:`confidence`."""
        assert self._force
        tokens = pa.array([alignment.source_tokens for alignment in alignments], pa.list_(pa.string()))
        sources = self.codec.source_ids(tokens)
        targets = pa.array([[SOS, *alignment.target_ids, EOS] for alignment in alignments], pa.list_(pa.int32()))
        return [
            features(alignment.source_tokens, source, forced)
            for alignment, source, forced in zip(
                alignments, sources.to_pylist(), force_all(self._force, sources, targets), strict=True
            )
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

        searched = []
        for row, sentence in enumerate(tokens.to_pylist()):
            if is_translatable(sentence) and not self.codec.tokenizers.is_name(pieces[row]):
                searched.append(row)
            else:
                hypotheses[row] = [Hypothesis(pieces[row], 0.0, ())]
        given = np.split(ids.values.to_numpy(), ids.offsets.to_numpy()[1:-1])
        penalties = options.length_penalty, options.coverage_penalty
        for index, found in self.queue.find([given[row] for row in searched], beam_width, *penalties):
            row = searched[index]
            source = tokens[row].as_py()
            hypotheses[row] = [
                self._hypothesis(pieces[row], source, spans[row], *(part[rank] for part in found))
                for rank in range(min(options.n_best, beam_width))
                if rank == 0 or found.scores[rank] > IMPOSSIBLE
            ]
        return hypotheses

    def score(self, sources: Sequence[str], translations: Sequence[str]) -> list[Score]:
        """Texts and given translations of them, shape [n] each → how probable the model finds each, in order.

        They become tokens as a training pair does: a text is a sentence, and a span is copied where both sides have it.
        What is longer than the model can take, or empty, gets no score but the reason.

        Raises:
            InputError: if the model was packaged before it could score, or if a text is none (see :meth:`translate`).
        """
        self.settings.check(TranslationOptions(score=True))
        assert self._force
        _check_texts(sources)
        _check_texts(translations)
        sides = pa.array(sources, pa.string()), compose(pa.array(translations, pa.string()))
        tokens = self.codec.tokenizers.pairs(*sides)
        lengths = (np.diff(side.offsets.to_numpy()).tolist() for side in tokens)
        scores = [Score(fault=self.settings.not_scored(*pair)) for pair in zip(*lengths, strict=True)]
        valid = [row for row, score in enumerate(scores) if not score.fault]
        given = [side.take(pa.array(valid, pa.int64())) for side in tokens]
        targets = self.codec.target_ids(given[1])
        for row, target, forced in zip(
            valid, given[1].to_pylist(), force_all(self._force, self.codec.source_ids(given[0]), targets), strict=True
        ):
            scores[row] = Score((*target, SPECIAL_TOKENS[EOS]), tuple(map(float, forced.log_probabilities)))
        return scores

    def _hypothesis(
        self,
        sentence: str,
        source: Sequence[str],
        spans: Sequence[str],
        ids: np.ndarray,
        score: np.ndarray,
        positions: np.ndarray,
    ) -> Hypothesis:
        """One output of the search as text; ``<unk>`` becomes the source token that the attention points at.

        Args:
            sentence: stands in for an output without text, so that nothing disappears.
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
        text = self.codec.target_text(target, spans) or sentence
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


def sides(pairs: Sequence[str]) -> tuple[list[str], list[str]]:
    """Sources and translations, of texts that hold both with a tab between them, as a line of a .tsv file does.

    Raises:
        InputError: if one does not.
    """
    _check_texts(pairs)
    split = [pair.split("\t") for pair in pairs]
    for number, found in enumerate(split, 1):
        if len(found) != 2:
            raise InputError(f"text {number}: found {len(found) - 1} tabs, must be a source, a tab and its translation")
    return [source for source, _ in split], [translation for _, translation in split]


def _check_texts(texts: Sequence[Any]) -> None:
    for number, text in enumerate(texts, 1):
        if not isinstance(text, str):
            raise InputError(f"text {number}: found {type(text).__name__}, must be a string")
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise InputError(f"text {number}: holds half of a surrogate pair, which is no character") from None


def _whole_text(
    text: Segmented, pieces: Sequence[Sequence[Hypothesis]], words: Sequence[tuple[int, int]]
) -> Translation:
    """The n-th translation of a text joins the n-th hypotheses of its pieces, or the last of a piece that has fewer.

    ``words`` are the known words and all words of each piece.
    """
    known, total = (sum(counts) for counts in zip(*words, strict=True)) if words else (0, 0)
    return Translation(join_hypotheses(text, pieces), known / total if total else 1.0)


def join_hypotheses(text: Segmented, pieces: Sequence[Sequence[Hypothesis]]) -> tuple[Hypothesis, ...]:
    """Those of a text from those of its pieces."""
    return tuple(
        Hypothesis(
            text.joined([hypothesis.text for hypothesis in ranked]),
            sum(hypothesis.score for hypothesis in ranked),
            tuple(alignment for hypothesis in ranked for alignment in hypothesis.sentences),
        )
        for rank in range(max(map(len, pieces), default=1))
        for ranked in [[piece[min(rank, len(piece) - 1)] for piece in pieces]]
    )
