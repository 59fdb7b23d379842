"""The command line of every entry point: flags from the parameter dataclasses, errors on one line."""

import argparse
import dataclasses
import difflib
import gc
import logging
import os
import signal
import sys
import tomllib
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from components.errors import InputError
from components.parameters import parse_value, select, valid_values
from components.tracking import label_opened_run, mark_failed

RECIPES = Path(__file__).parent / "recipes"
# Objects created between two garbage collections. Python's own 700 would walk again and again through the hundred
# thousands of objects that MLflow, Beam or TensorFlow create when they are imported.
_GARBAGE_AFTER = 100_000
# `mlflow run` passes every parameter of `mlproject`; this word there stands for: not set.
NOT_SET = "default"


class Values(dict[str, Any]):
    """A value for every parameter; of which ones the user set it, and of which others the recipe."""

    by_hand: frozenset[str] = frozenset()
    of_recipe: frozenset[str] = frozenset()


def fields_of(parameters: Sequence[type]) -> dict[str, dataclasses.Field]:
    """Name → field over several parameter dataclasses; of a name that two share, that of the first."""
    found: dict[str, dataclasses.Field] = {}
    for group in parameters:
        for field in dataclasses.fields(group):
            found.setdefault(field.name, field)
    return found


def parse(
    argv: Sequence[str], entry: str, about: str, parameters: Sequence[type], without: Collection[str] = ()
) -> Values:
    """Parameter values from a command line; set by the user > recipe > Python default.

    Args:
        argv: the arguments, without the program's name.
        entry: the entry's name, for ``--help``.
        about: what the entry does, in a sentence or two.
        parameters: the parameter dataclasses that the entry takes. If one of them has a field ``recipe``, the values
            of that recipe take the place of the defaults.
        without: names of fields that the entry does not take, because it sets the value itself.

    Returns:
        The values, for :func:`components.parameters.select`.

    Raises:
        InputError: on an unknown parameter or a value that is not valid.
        SystemExit: after ``--help``.
    """
    fields = {name: field for name, field in fields_of(parameters).items() if name not in without}
    parser = _Parser(prog=f"python -m pipelines.{entry}", description=about, allow_abbrev=False)
    for name, field in fields.items():
        shown = (
            "not set" if field.default == "" else str(field.default).lower() if field.type is bool else field.default
        )
        text = f"{field.metadata['help']} [default: {shown}; valid: {valid_values(field)}]".replace("%", "%%")
        parser.add_argument(f"--{name}", metavar="VALUE", default=NOT_SET, help=text)
    words = list(_joined(argv, fields))
    _refuse_unknown(words, [*fields, "help"], entry)
    arguments = parser.parse_args(words)
    given = {name: text for name, text in vars(arguments).items() if text != NOT_SET}
    by_hand = {name: parse_value(fields[name], text) for name, text in given.items()}
    recipe = read_recipe(by_hand["recipe"], fields) if "recipe" in by_hand else {}
    values = Values({name: field.default for name, field in fields.items()} | recipe | by_hand)
    values.by_hand, values.of_recipe = frozenset(by_hand), frozenset(recipe) - by_hand.keys()
    return values


def _joined(argv: Sequence[str], names: Collection[str]) -> Iterator[str]:
    """``--name value`` as ``--name=value``: argparse takes a value that begins with a dash for a flag."""
    words = iter(argv)
    for word in words:
        value = next(words, None) if word.startswith("--") and word[2:] in names else None
        yield word if value is None else f"{word}={value}"


def _refuse_unknown(words: Sequence[str], names: Sequence[str], entry: str) -> None:
    for word in words:
        name = word[2:].partition("=")[0]
        if word.startswith("--") and name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"did you mean {near[0]}?" if near else f"`python -m pipelines.{entry} --help` lists them"
            raise InputError(f"{name}: {entry} has no such parameter; {hint}")


def read_recipe(name: str, fields: Mapping[str, dataclasses.Field]) -> dict[str, Any]:
    """The values of a recipe: the file ``pipelines/recipes/NAME.toml``.

    Raises:
        InputError: if there is no such recipe, or if it sets an unknown parameter.
    """
    known = sorted(recipe.stem for recipe in RECIPES.glob("*.toml"))
    if name not in known:
        raise InputError(f"recipe: found {name!r}, must be one of: {', '.join(known) or 'none yet'}")
    path = RECIPES / f"{name}.toml"
    recipe = tomllib.loads(path.read_text(encoding="utf-8"))
    for key in recipe.keys() - fields.keys():
        raise InputError(f"recipe {path.name}: {key} is not a parameter; the parameters are {', '.join(fields)}")
    return {key: parse_value(fields[key], str(value)) for key, value in recipe.items()}


def run(main: Callable[[list[str]], None], label: str = "") -> None:
    """Runs an entry point as a program: an :class:`InputError` becomes one line and exit code 2.

    If `mlflow run` opened a run and the entry fails before it has taken that over, the run still says why.
    SIGTERM ends it as Ctrl-C does: runs are closed, locks freed, and the exit code is 130.

    Args:
        main: takes the arguments.
        label: of the run that `mlflow run` opened, where the entry is no step of its own.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    _quieten()
    gc.set_threshold(_GARBAGE_AFTER)
    try:
        if label:
            label_opened_run(label)
        main(sys.argv[1:])
    except InputError as error:
        print("error: " + str(error).replace("\n", " "), file=sys.stderr)
        mark_failed(str(error))
        sys.exit(2)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
    finally:
        # The memory is freed with the process: a last garbage collection took a second after preparing 479,000 pairs.
        gc.freeze()
        # TensorFlow's functions fail when they are deleted after the modules they need.
        sys.unraisablehook = lambda unraisable: None


def _quieten() -> None:
    """Silences what the libraries print at each start; a variable that the user set stays as it is."""
    # TensorFlow logs how it was compiled, that there is no GPU and, as an error, that it has two drivers for it.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # A progress bar for each of the four files of a model.
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    # Google's clients announce the end of Python 3.11; TensorFlow 2.15 leaves no choice.
    warnings.filterwarnings("ignore", category=FutureWarning, module="google")
    # Beam says that crcmod is missing; google-crc32c, which it prefers, is there.
    logging.getLogger().addFilter(lambda record: not str(record.msg).startswith("crcmod package not found"))
    # tensorflow-addons announces that it has ended.
    warnings.filterwarnings("ignore", category=UserWarning, module="tensorflow_addons")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> Any:
        raise InputError(f"{message}; `{self.prog} --help` lists the parameters")


__all__ = ["fields_of", "parse", "read_recipe", "run", "select"]
