"""Steps that are to run again although nothing changed."""

from typing import Any

from components.errors import InputError
from components.parameters import parameter

STEPS = ("prepare", "train", "evaluate")


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
