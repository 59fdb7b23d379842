"""How good the model is between epochs: loss by full softmax over the validation split, BLEU on a sample of it."""

import math
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
import sacrebleu
import tensorflow as tf

from components.dataset.heldout import read_heldout
from components.dataset.manifest import Manifest
from components.model.search import Projection, beam_search, search_projection
from components.model.seq2seq import Seq2Seq
from components.serving.options import TranslationOptions
from components.serving.translator import Search, Translator, TranslatorSettings
from components.text.codec import TextCodec
from components.training.history import Example
from components.training.reader import BatchReader

# Sentences translated after each epoch: enough to see BLEU rise, few enough to take seconds.
SAMPLE = 500
EXAMPLES = 5
# Logits of the full softmax held at a time, 128 MiB of them: with a large vocabulary a batch of training's
# size would take gigabytes.
_LOGITS = 1 << 25


class Validation:
    """Measures a model on the validation split of a prepared dataset."""

    def __init__(self, model: Seq2Seq, codec: TextCodec, folder: Path, manifest: Manifest, batch_tokens: int):
        positions = min(batch_tokens, _LOGITS // len(codec.target_vocabulary))
        self._batches = BatchReader(folder, manifest, "validation", positions).in_order()
        self._loss = tf.function(model.validation_loss, reduce_retracing=True)
        self._model, self._codec = model, codec
        self._beam_search = tf.function(partial(beam_search, model), reduce_retracing=True)
        self._settings = TranslatorSettings(manifest.max_length)
        pairs = read_heldout(folder, manifest.heldout["validation"])
        # Evenly spread, because a corpus is often sorted by something.
        self._sample = [pairs[i] for i in np.linspace(0, len(pairs) - 1, min(SAMPLE, len(pairs))).round().astype(int)]

    def measure(self) -> tuple[dict[str, float], tuple[Example, ...]]:
        """``val_loss`` (nats per predicted token), ``val_perplexity`` and ``val_bleu`` (greedy); and some examples."""
        total = tokens = 0.0
        for source, target in self._batches:
            loss = self._loss(source, target)
            total += float(loss.total)
            tokens += float(loss.tokens)
        sources, references = zip(*self._sample, strict=True)
        # Made for each measurement: kept, it would double the memory of the projection.
        translator = Translator(self._codec, self._search(search_projection(self._model)), self._settings)
        translations = translator.translate(sources, TranslationOptions(beam_width=1, split_sentences=False))
        examples = tuple(
            Example(source, reference, translation.text)
            for (source, reference), translation in zip(self._sample, translations, strict=True)
        )
        bleu = sacrebleu.corpus_bleu([example.translation for example in examples], [list(references)])
        loss = total / tokens
        # math.exp overflows at 710, where a model that diverged would end the run.
        metrics = {"val_loss": loss, "val_perplexity": math.exp(min(loss, 700)), "val_bleu": bleu.score}
        return metrics, examples[:: max(1, len(examples) // EXAMPLES)][:EXAMPLES]

    def _search(self, projection: Projection) -> Search:
        def search(source: np.ndarray, beam_width: int, *penalties: float) -> Mapping[str, np.ndarray]:
            width, *penalties_ = map(tf.constant, (beam_width, *penalties))
            found = self._beam_search(tf.constant(source), width, *penalties_, projection=projection)
            return {key: value.numpy() for key, value in found._asdict().items()}

        return search
