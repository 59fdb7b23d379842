"""Packaged models by which the pairs of a corpus are judged: found and checked, without Beam or TensorFlow."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from components.errors import InputError
from components.serving.package import FORMS, FoundModel, find_model
from components.serving.translator import TranslatorSettings
from components.text.codec import TextCodec


@dataclass(frozen=True)
class Judge:
    """A packaged model, and whether it translates in the direction of the corpus (``forward``), or back.

    A folder that it was downloaded to exists as long as this value.
    """

    found: FoundModel
    forward: bool

    @property
    def name(self) -> str:
        return self.found.uri

    @property
    def folder(self) -> Path:
        return self.found.folder

    @cached_property
    def digest(self) -> str:
        """Of what decides on its scores."""
        return self.found.digest()


def find_judges(models: str, source_language: str, target_language: str) -> tuple[Judge, ...]:
    """The models that the parameter ``filter_model`` names: none, one, or one of each direction.

    Raises:
        InputError: if one is missing, cannot score, or translates between other languages.
    """
    languages = source_language, target_language
    judges = []
    for model in models.split():
        found = find_model(model, "filter_model")
        if not TranslatorSettings.load(found.codec_folder).scores:
            raise InputError(f"filter_model: {model} was packaged before models could score; train it again")
        translated = TextCodec.load(found.codec_folder).settings.languages
        if translated not in (languages, languages[::-1]):
            raise InputError(
                f"filter_model: {model} translates {'→'.join(translated)}, must translate {'→'.join(languages)} or back"
            )
        judges.append(Judge(found, translated == languages))
    if len({judge.forward for judge in judges}) < len(judges):
        raise InputError(f"filter_model: found {models!r}, must be one model, or one of each direction ({FORMS})")
    return tuple(judges)
