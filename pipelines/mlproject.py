"""The file ``mlproject``, made from the parameters of the entries: ``python -m pipelines.mlproject > mlproject``.

A test compares the two, so that neither can drift from the other.
"""

import importlib
import typing

from pipelines.cli import NOT_SET, fields_of

ENTRIES = {
    "main": "workflow",
    "prepare": "prepare",
    "train": "train",
    "evaluate": "evaluate",
    "translate": "translate",
    "score": "score",
    "serve": "serve",
    "rollback": "rollback",
    "test": "test",
}
"""Entry point → module of ``pipelines``."""

_HEAD = """\
# Made by `python -m pipelines.mlproject > mlproject`: the parameters, their defaults and what they mean stand in the
# dataclasses of each entry. `mlflow run` passes every parameter, so that each is `default` here, which means: not set.
name: nmt-en-fr
python_env: python_env.yaml
entry_points:
"""


def mlproject() -> str:
    """The content of the file."""
    return _HEAD + "".join(_entry(name, module, parameter_names(module)) for name, module in ENTRIES.items())


def parameter_names(module: str) -> list[str]:
    """The parameters that the entry in ``pipelines.MODULE`` takes; its ``WITHOUT`` names those that it does not."""
    without = getattr(importlib.import_module(f"pipelines.{module}"), "WITHOUT", ())
    return [name for name in fields_of(parameter_groups(module)) if name not in without]


def parameter_groups(module: str) -> tuple[type, ...]:
    """The parameter dataclasses of an entry: its ``PARAMETERS`` or, where it has none, what its ``run`` takes first."""
    entry = importlib.import_module(f"pipelines.{module}")
    if hasattr(entry, "PARAMETERS"):
        return entry.PARAMETERS
    return tuple(typing.get_type_hints(entry.run).values())[:1]


def _entry(name: str, module: str, parameters: list[str]) -> str:
    flags = "".join(f" --{parameter} {{{parameter}}}" for parameter in parameters)
    lines = [f"  {name}:"]
    if parameters:
        lines += ["    parameters:", *(f"      {p}: {{type: string, default: {NOT_SET}}}" for p in parameters)]
    lines += [f'    command: "python -m pipelines.{module}{flags}"']
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(mlproject(), end="")
