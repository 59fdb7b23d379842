"""The model that answers: loaded, tried on its example, and replaced while the server runs when an alias moves."""

import ctypes
import gc
import logging
import math
import threading
import weakref
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from components.errors import InputError
from components.serving.batching import BATCH_WAIT
from components.serving.options import TranslationOptions
from components.serving.package import EXAMPLE, FoundModel, LoadedModel, find_model, pinned
from components.tracking.store import tracking_uri, unreachable

_logger = logging.getLogger(__name__)


class ServedModel:
    """A packaged translator as requests reach it."""

    def __init__(self, loaded: LoadedModel):
        self.label = loaded.found.label
        self.uri = loaded.found.uri
        self.translator = loaded.translator
        self.metadata: Mapping[str, Any] = loaded.found.metadata.metadata or {}

    def warm(self) -> None:
        """Translates the package's input example: TensorFlow prepares a graph when it runs for the first time.

        Raises:
            InputError: if what comes out are no translations.
        """
        texts, given = EXAMPLE
        for beam_width in (given["beam_width"], 1):
            options = TranslationOptions(beam_width)
            for text, translation in zip(texts, self.translator.translate(texts, options), strict=True):
                best = translation.hypotheses[0]
                if not best.text.strip() or not math.isfinite(best.score):
                    raise InputError(f"its example {text!r} comes out as {best.text!r} with the score {best.score}")
                if self.translator.attention:
                    for sentence in best.sentences:
                        self.translator.attention(sentence)


class Models:
    """The model that requests are answered with: ``current``, None until the first one is loaded.

    ``refused`` says which version should answer and cannot; empty if there is none.

    Args:
        model: what :func:`components.serving.package.find_model` takes.
        follow: seconds between two looks at which version the alias names; 0: the first one answers for good.
        batch_wait: seconds that requests wait for company, see :class:`components.serving.batching.SearchQueue`.

    Raises:
        InputError: if there is to be followed what is no alias.
    """

    def __init__(self, model: str, follow: float = 0, batch_wait: float = BATCH_WAIT):
        if follow and "@" not in model:
            raise InputError(
                f"follow: found {follow:g}, must be 0 for {model}; only models:/NAME@ALIAS can be followed"
            )
        self.current: ServedModel | None = None
        self.refused = ""
        self._model = model
        self._follow = follow
        self._batch_wait = batch_wait
        self._refused_uri = ""
        self._replaced: list[weakref.ref[ServedModel]] = []
        self._away = False

    def start(self) -> "Future[ServedModel]":
        """Loads the model, and follows the alias until the process ends; in a thread of its own.

        The future has the first model once it is warm, or the InputError that says why there is none.
        """
        first: Future[ServedModel] = Future()
        threading.Thread(target=self._run, args=(first,), name="models", daemon=True).start()
        return first

    def _run(self, first: "Future[ServedModel]") -> None:
        try:
            found = find_model(self._model)
            import tensorflow  # noqa: F401

            # No garbage collection has to walk through what the libraries made, neither now nor under load.
            gc.collect()
            gc.freeze()
            model = self._load(found)
            gc.collect()
        except BaseException as error:
            first.set_exception(error)
            return
        self.current = model
        first.set_result(model)
        pause = threading.Event()
        while self._follow and not pause.wait(self._follow):
            try:
                self.look()
            except Exception:
                _logger.exception("model: the registry could not be looked at")

    def look(self) -> None:
        """Takes the version that the alias names now, if it is another one and can translate."""
        assert self.current
        self._free()
        try:
            if reason := unreachable(tracking_uri()):
                raise InputError(reason)
            uri = pinned(self._model)
            if uri == self.current.uri:
                self.refused = self._refused_uri = ""
            found = find_model(uri) if uri not in (self.current.uri, self._refused_uri) else None
        except InputError as error:
            if not self._away:
                _logger.warning("model: %s goes on, the alias cannot be looked up: %s", self.current.label, error)
            self._away = True
            return
        if self._away:
            _logger.info("model: the alias can be looked up again")
        self._away = False
        if found:
            self._replace(found)

    def _load(self, found: FoundModel) -> ServedModel:
        model = ServedModel(found.load())
        model.translator.queue.wait = self._batch_wait
        model.warm()
        return model

    def _replace(self, found: FoundModel) -> None:
        assert self.current
        _logger.info("model: loading %s beside %s", found.label, self.current.label)
        try:
            model = self._load(found)
        except Exception as error:
            self._refused_uri = found.uri
            self.refused = f"{found.label} does not translate; the server's log says why"
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            _logger.error("model: %s is refused, %s goes on: %s", found.label, self.current.label, reason)
            return
        self._replaced.append(weakref.ref(self.current))
        _logger.info("model: %s answers from now on, after %s", model.label, self.current.label)
        self.current, self.refused, self._refused_uri = model, "", ""

    def _free(self) -> None:
        """Gives the memory of replaced models back, once no request is answered with them any more."""
        if self._replaced:
            gc.collect()
            with suppress(OSError, AttributeError):  # Only glibc has it.
                ctypes.CDLL(None).malloc_trim(0)
            self._replaced = [model for model in self._replaced if model()]
