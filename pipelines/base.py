"""The model to begin from, which ``base_model`` names: opened, and the parameters that follow from it."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.corpus.plan import BaseCodec
from components.errors import InputError
from components.model.exported import ExportedModel
from components.model.parameters import SHAPE
from components.serving.package import URI_SCHEMES, FoundModel, find_model
from components.serving.translator import TranslatorSettings
from components.text.codec import VERSION, TextCodec
from components.tracking import check_tracking
from components.tracking.lineage import BASE_DIGEST_TAG, BASE_RUN_TAG, BASE_TAG
from components.tracking.run import as_text
from components.training.parameters import ADAPTING
from pipelines.cli import Values

PARAMETER = "base_model"


@dataclass(frozen=True)
class Base:
    """A packaged model, ready to be trained on; ``digest`` is that of all that decides on its translations."""

    found: FoundModel
    codec: TextCodec
    exported: ExportedModel
    digest: str

    @classmethod
    def open(cls, model: str) -> "Base | None":
        """The model that ``base_model`` names; None if that is not set.

        Raises:
            InputError: if there is no such model, or if it cannot be trained on.
        """
        if not model:
            return None
        if model.startswith(URI_SCHEMES):
            check_tracking()
        found = find_model(model, PARAMETER)
        try:
            codec, exported = TextCodec.load(found.codec_folder), ExportedModel.open(found.saved_model)
            digest = found.digest()
        except (InputError, OSError) as error:
            raise InputError(f"{PARAMETER}: {model} is damaged: {error}") from None
        if exported is None or codec.settings.version < VERSION:
            raise InputError(
                f"{PARAMETER}: {model} was packaged by an earlier version, without what training needs; train it again"
                " with this one, or begin from another model"
            )
        return cls(found, codec, exported, digest)

    @property
    def lineage(self) -> dict[str, str]:
        """What a training and the model that it makes say of it, as tags."""
        found = {BASE_TAG: self.found.uri, BASE_DIGEST_TAG: self.digest, BASE_RUN_TAG: self.found.run_id}
        return {tag: value for tag, value in found.items() if value}

    @property
    def for_corpus(self) -> BaseCodec:
        """What preparing a corpus takes from it."""
        return BaseCodec.of(self.codec, self.found.uri, self.digest)

    def check_codec(self, codec: TextCodec, data_dir: str) -> None:
        """Checks that a dataset was prepared for this model.

        Raises:
            InputError: if its codec is another one.
        """
        if not codec.extends(self.codec):
            raise InputError(
                f"data_dir: {data_dir} was prepared with another tokenizer or vocabulary than that of"
                f" {PARAMETER}={self.found.uri}; prepare it with the same {PARAMETER}"
            )

    def _fixed(self) -> dict[str, Any]:
        """Parameters that cannot have another value."""
        settings = self.codec.settings
        return {
            "source_language": settings.source_language,
            "target_language": settings.target_language,
            "tokenizer": settings.tokenizer,
            "reverse_source": settings.reverse_source,
            "vocab_size": max(len(self.codec.source_vocabulary), len(self.codec.target_vocabulary)),
            **{name: getattr(self.exported.parameters, name) for name in SHAPE},
        }

    def values(self, given: Values) -> dict[str, Any]:
        """The values of parameters with this base: set by hand > of the base > of a recipe > for adapting > default.

        Raises:
            InputError: if one that was set by hand contradicts the base.
        """
        fixed = self._fixed()
        chosen = {name: given[name] for name in given.by_hand | given.of_recipe}
        for name, value in fixed.items():
            if chosen.get(name, value) == value:
                continue
            found, must = as_text(chosen[name]), f"{as_text(value)}, as in {PARAMETER}={self.found.uri}"
            if name in given.by_hand:
                raise InputError(f"{name}: found {found}, must be {must}, or not set")
            print(f"{name}: {must}, not {found} as in the recipe")
        usual = {
            **dataclasses.asdict(self.exported.parameters),
            "max_length": TranslatorSettings.load(self.found.codec_folder).max_source_length,
            **ADAPTING,
        }
        values = {**given, **usual, **chosen, **fixed, PARAMETER: self.found.uri}
        return {name: values[name] for name in given}


def with_base(values: Values) -> tuple[Mapping[str, Any], Base | None]:
    """The values of parameters in view of ``base_model``, and the model that it names, if it is set.

    Raises:
        InputError: if there is no such model, or if a parameter contradicts it.
    """
    base = Base.open(values[PARAMETER])
    return (base.values(values), base) if base else (values, None)
