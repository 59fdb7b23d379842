"""Parameters as typed, frozen dataclasses: name, default, bounds and explanation stand in one place.

A room declares what can be set about it::

    @dataclass(frozen=True)
    class ModelParameters:
        units: int = parameter(512, "size of the LSTM states", minimum=1)

and everything else (command line, ``mlproject``, recipes, ``--help``, the table of parameters) is derived from that.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from components.errors import InputError

P = TypeVar("P")

STEPS = ("prepare", "train", "evaluate")


def parameter(
    default: Any,
    help: str,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: Sequence[str] = (),
    without: str = "",
) -> Any:
    """A dataclass field that knows its explanation (with its unit) and its valid values, both bounds included.

    A text with none of the characters ``without`` must not be empty either.
    """
    metadata = {"help": help, "minimum": minimum, "maximum": maximum, "choices": tuple(choices), "without": without}
    return dataclasses.field(default=default, metadata=metadata)


def valid_values(field: dataclasses.Field) -> str:
    """The valid values in words: ``one of none, luong`` or ``a whole number from 1``."""
    if field.metadata["choices"]:
        return "one of " + ", ".join(field.metadata["choices"])
    if field.metadata["without"]:
        return "a text, not empty, without " + " ".join(field.metadata["without"])
    if field.type is bool:
        return "true or false"
    words = {int: "a whole number", float: "a number", str: "a text"}[field.type]  # type: ignore[index]
    minimum, maximum = field.metadata["minimum"], field.metadata["maximum"]
    if minimum is not None:
        words += f" from {minimum}"
    if maximum is not None:
        words += f" up to {maximum}"
    return words


def parse_value(field: dataclasses.Field, text: str) -> Any:
    """The value of this parameter that ``text`` stands for.

    Raises:
        InputError: if it is not valid.
    """
    refusal = InputError(f"{field.name}: found {text!r}, must be {valid_values(field)}")
    if field.type is bool:
        truth = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}.get(text.lower())
        if truth is None:
            raise refusal
        return truth
    try:
        value = field.type(text)  # type: ignore[operator]
    except ValueError:
        raise refusal from None
    minimum, maximum, choices = (field.metadata[key] for key in ("minimum", "maximum", "choices"))
    # Written so that NaN, which compares false with everything, is refused too.
    within = (minimum is None or value >= minimum) and (maximum is None or value <= maximum)
    if not within or (choices and value not in choices) or value in (float("inf"), float("-inf")):
        raise refusal
    without = field.metadata["without"]
    if without and (not text.strip() or set(text) & set(without)):
        raise refusal
    return value


def select(parameters: type[P], values: Mapping[str, Any]) -> P:
    """The dataclass filled with those of ``values`` that belong to it; what is missing keeps its default."""
    names = {field.name for field in dataclasses.fields(parameters)}  # type: ignore[arg-type]
    return parameters(**{name: value for name, value in values.items() if name in names})


def force_parameter() -> Any:
    """The parameter ``force``, for the dataclass of each step."""
    return parameter("", "steps to run again although nothing changed (names or `all`)")


def forced_steps(force: str) -> frozenset[str]:
    """The steps that ``force`` names.

    Raises:
        InputError: if it names one that does not exist.
    """
    names = force.replace(",", " ").split()
    for name in names:
        if name not in (*STEPS, "all"):
            raise InputError(f"force: found {name!r}, must be names of steps ({', '.join(STEPS)}) or all")
    return frozenset(STEPS if "all" in names else names)


def base_model_parameter() -> Any:
    """The parameter ``base_model``, for the dataclasses of the steps that can begin from a model."""
    return parameter(
        "",
        "the model to begin from, with its tokenizers, vocabularies and weights (models:/NAME@ALIAS, another URI or a"
        " folder, as of `model`); not set: from nothing",
    )
