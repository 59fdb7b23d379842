"""What Prometheus reads at /metrics: requests, queue, batches, tokens, and how the texts differ from the training's."""

import math
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from components.server.models import ServedModel
from components.serving.package import TRAINING_METADATA, tenths
from components.serving.translation import Translation

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# Texts that drift is computed over, and how many it takes at least.
WINDOW, FEWEST = 5000, 200
_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_TOKENS = (1, 2, 4, 8, 12, 16, 24, 32, 50, 100)
_SENTENCES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_SHARES = tuple(round(0.1 * tenth, 1) for tenth in range(11))
# Bins of equal share in the training; the usual number for this index.
_BINS = 10


class Metrics:
    """The figures of one server."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        named: dict[str, Any] = {"namespace": "nmt", "registry": self._registry}
        ProcessCollector(registry=self._registry)  # Memory, CPU, files.
        self._requests = Counter("requests", "Requests, by what was answered", ["path", "status"], **named)
        self._seconds = Histogram(
            "request_seconds", "From the head of a request to its answer", ["path"], buckets=_SECONDS, **named
        )
        self._running = Gauge("requests_running", "Requests that are not answered yet", **named)
        self._queue = Gauge("queue_sentences", "Sentences that wait for the search", **named)
        self._batches = Histogram("batch_sentences", "Sentences of a batch", buckets=_SENTENCES, **named)
        self._tokens = Counter("tokens", "Tokens, of texts and of their translations", ["side"], **named)
        self._lengths = Histogram("source_tokens", "Tokens of a sentence", buckets=_TOKENS, **named)
        self._unknown = Histogram(
            "unknown_words", "Share of a text's words that the model has not seen", buckets=_SHARES, **named
        )
        self._confidence = Histogram(
            "confidence", "Confidence in the translations of texts, where it was asked for", buckets=_SHARES, **named
        )
        self._model = Gauge("model_info", "1 for the model that answers", ["model"], **named)
        self._drift = Gauge(
            "drift_psi",
            f"Population stability index of the last {WINDOW} texts against the training's; above 0.25 they differ",
            ["feature"],
            **named,
        )
        self._drifts: dict[str, dict[str, Drift]] = {}
        self._changing = threading.Lock()

    def answered(self, path: str, status: int, seconds: float) -> None:
        """``path`` is one of few, whatever the client asked for."""
        self._requests.labels(path, str(status)).inc()
        self._seconds.labels(path).observe(seconds)

    def translated(self, model: ServedModel, translations: Sequence[Translation]) -> None:
        """What the model made of the texts of a request."""
        drifts = self.meet(model)
        for translation in translations:
            if translation.confidence is not None:
                self._confidence.observe(translation.confidence)
            sentences = translation.hypotheses[0].sentences if translation.hypotheses else ()
            if not sentences:  # There was nothing to translate, or it is left out.
                continue
            unknown = 1 - translation.known_words
            self._unknown.observe(unknown)
            _note(drifts, "unknown_words", tenths(unknown))
            for sentence in sentences:
                length = len(sentence.source_tokens)
                self._lengths.observe(length)
                self._tokens.labels("source").inc(length)
                self._tokens.labels("target").inc(len(sentence.target_ids))
                _note(drifts, "source_tokens", length)

    def meet(self, model: ServedModel) -> Mapping[str, "Drift"]:
        """The drifts of this model; they begin anew with a model that has not answered before."""
        with self._changing:
            if model.label not in self._drifts:
                training = model.metadata.get(TRAINING_METADATA, {})
                # Requests that run may still end on the model before.
                before = dict(list(self._drifts.items())[-1:])
                model.translator.queue.observe = self._batches.observe
                self._drifts = {**before, model.label: {name: Drift(counts) for name, counts in training.items()}}
            return self._drifts[model.label]

    def page(self, model: ServedModel | None, running: int) -> bytes:
        """In Prometheus' text format; ``model`` answers now, ``running`` requests are not answered yet."""
        self._running.set(running)
        self._model.clear()
        self._drift.clear()
        if model:
            self._model.labels(model.label).set(1)
            self._queue.set(model.translator.queue.waiting)
            for feature, drift in self.meet(model).items():
                self._drift.labels(feature).set(drift.index())
        return generate_latest(self._registry)


def _note(drifts: Mapping[str, "Drift"], feature: str, value: int) -> None:
    if feature in drifts:
        drifts[feature].values.append(value)


class Drift:
    """How far the last values of something are from what the training saw.

    Args:
        counts: how often the training saw the values 0, 1, 2, …
    """

    def __init__(self, counts: Sequence[int]):
        shares = np.asarray(counts, float) / max(sum(counts), 1)
        # A bin ends where the next tenth of the training's values is reached; a frequent value has one of its own, and
        # so has all that is greater than any of the training.
        below = np.minimum((np.cumsum(shares) - shares) * _BINS, _BINS - 1).astype(int)
        self._bin_of = np.unique([*below, _BINS], return_inverse=True)[1]
        self._expected = np.bincount(self._bin_of, [*shares, 0.0])
        self.values: deque[int] = deque(maxlen=WINDOW)

    def index(self) -> float:
        """The population stability index, Σ (p - q) ln(p / q) over the bins; NaN while there are too few values.

        An empty bin counts as half a value. Source: Siddiqi, Credit Risk Scorecards (2006), ch. 10.
        """
        values = np.array(self.values, int)
        if len(values) < FEWEST or not self._expected.any():
            return math.nan
        bins = self._bin_of[np.minimum(values, len(self._bin_of) - 1)]
        floor = 0.5 / len(values)
        found = np.maximum(np.bincount(bins, minlength=len(self._expected)) / len(values), floor)
        expected = np.maximum(self._expected, floor)
        return float(np.sum((found - expected) * np.log(found / expected)))
