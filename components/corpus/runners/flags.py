"""The parameter ``beam_options`` as words, readable before Beam is imported, which takes seconds."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from components.errors import InputError


@dataclass(frozen=True)
class Flags:
    """Beam options as a command line spells them: ``--name=value``, ``--name value`` or ``--name``."""

    words: tuple[str, ...] = ()

    @staticmethod
    def parse(text: str) -> "Flags":
        """The options in one string.

        Raises:
            InputError: if a quotation in it has no end, or a word is no option.
        """
        try:
            words = shlex.split(text)
        except ValueError:
            words = [text]
        if words and not words[0].startswith("--"):
            raise InputError(f"beam_options: found {text!r}, must be Beam options: --name=value …")
        return Flags(tuple(words))

    def value(self, name: str) -> str | None:
        """What an option was set to the last time it occurs: ``""`` if without a value, None if not at all."""
        found = None
        for word, following in zip(self.words, (*self.words, "--")[1:], strict=True):
            if word == f"--{name}":
                found = "" if following.startswith("--") else following
            elif word.startswith(f"--{name}="):
                found = word.partition("=")[2]
        return found

    def with_default(self, name: str, value: str) -> "Flags":
        """The same options, and this one if it is not among them."""
        return self if self.value(name) is not None else self.with_words(f"--{name}={value}")

    def with_words(self, *words: str) -> "Flags":
        """The same options and further ones."""
        return Flags((*self.words, *words))


def experiments(flags: Flags) -> Sequence[str]:
    """What ``--experiments`` lists, the option Beam leaves to runners and their users."""
    found = []
    for index, word in enumerate(flags.words):
        name, assigned, value = word.partition("=")
        if name == "--experiments":
            found += (value if assigned else "".join(flags.words[index + 1 : index + 2])).split(",")
    return found
