"""What this project must know of one of Beam's runners, the options a user gives it, and the runner in this process."""

import os
import re
import shlex
from collections.abc import Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING

from components.errors import InputError

if TYPE_CHECKING:
    from apache_beam.options.pipeline_options import PipelineOptions
    from apache_beam.runners.runner import PipelineResult, PipelineRunner

_TRACEBACK = "Traceback (most recent call last):"
_PYTHON_ERROR = re.compile(r"^[A-Za-z_][\w.]*: .+$", re.MULTILINE)
_JAVA_CAUSE = re.compile(r"^Caused by: (.+)$", re.MULTILINE)
_WHERE = r"(?: \[while running '.*)?$"
_WORKER_INPUT_ERROR = re.compile(rf"components\.errors\.InputError: (.+?){_WHERE}", re.MULTILINE)


@dataclass(frozen=True)
class Flags:
    """The parameter ``beam_options``, in words as on a command line: ``--name=value``, ``--name value`` or ``--name``.

    Can be read before Beam is imported, which takes seconds.
    """

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

    def check(self) -> None:
        """Checks that Beam knows all the options and their values. Imports Beam if there are any.

        Raises:
            InputError: if it does not.
        """
        if not self.words:
            return
        from apache_beam.options.pipeline_options import PipelineOptions, _BeamArgumentParser

        parser = _BeamArgumentParser(allow_abbrev=False)  # The parser that Beam itself uses.
        for group in PipelineOptions.__subclasses__():
            group._add_argparse_args(parser)
        try:
            with redirect_stderr(StringIO()):
                unknown = parser.parse_known_args(list(self.words))[1]
        except SystemExit:
            found = " ".join(self.words)
            raise InputError(f"beam_options: found {found!r}, must be Beam options: --name=value …") from None
        if unknown:
            raise InputError(f"beam_options: {unknown[0]!r} is not a Beam option")

    def value(self, name: str) -> str | None:
        """What an option was set to the last time it occurs: ``""`` if without a value, None if not at all."""
        found = None
        for word, following in zip(self.words, (*self.words, "--")[1:], strict=True):
            if word == f"--{name}":
                found = "" if following.startswith("--") else following
            elif word.startswith(f"--{name}="):
                found = word.partition("=")[2]
        return found

    def experiments(self) -> Sequence[str]:
        """What ``--experiments`` lists, the option that Beam leaves to runners and their users."""
        found = []
        for index, word in enumerate(self.words):
            name, assigned, value = word.partition("=")
            if name == "--experiments":
                found += (value if assigned else "".join(self.words[index + 1 : index + 2])).split(",")
        return found

    def with_default(self, name: str, value: str) -> "Flags":
        """The same options, and this one if it is not among them."""
        return self if self.value(name) is not None else self.with_words(f"--{name}={value}")

    def with_words(self, *words: str) -> "Flags":
        """The same options and further ones."""
        return Flags((*self.words, *words))


class Runner:
    """One of Beam's runners; a subclass says where it differs. Its methods import Beam only where they need it."""

    name: str
    # Whether the workers are this process or its children, which end with it and have its working folder.
    in_process = False

    def check(self, flags: Flags) -> None:
        """Checks that the runner can be started, before any work begins.

        Raises:
            InputError: if an option is missing or wrong; says what was found and what would be valid.
        """

    def shares_files(self, flags: Flags) -> bool:
        """Whether workers see the files of this machine under the same paths."""
        return True

    def sharing_rule(self) -> str:
        """For errors: when workers would see the files of this machine."""
        return "never"

    def counts_here(self, flags: Flags) -> bool:
        """Whether the workers are threads of this process, so that it can count what they do without asking Beam."""
        return self.in_process

    def missing_image(self, flags: Flags) -> str:
        """The option that workers lack to have more than Beam and what prepares a corpus; empty if they lack none."""
        return ""

    def complete(self, flags: Flags) -> Flags:
        """The options with what this project sets unless the user did."""
        return flags

    def create(self, options: "PipelineOptions") -> "PipelineRunner":
        """Beam's object. May change the options."""
        from apache_beam.runners.runner import create_runner

        return create_runner(self.name)

    def job_page(self, result: "PipelineResult") -> str:
        """The web page of a started job, if there is one."""
        return ""

    def input_error(self, error: Exception) -> str | None:
        """The text of the ``InputError`` that a worker raised, if that is why the pipeline failed with ``error``."""
        if isinstance(error, InputError):  # Of a worker that is this very thread.
            return re.sub(_WHERE, "", str(error))
        found = _WORKER_INPUT_ERROR.findall(str(error))
        return found[-1] if found else None

    def cause(self, error: Exception) -> str:
        """Why the pipeline failed, in one line of ``error``: a worker's exception, else the last cause."""
        text = str(error)
        _, traceback, after = text.rpartition(_TRACEBACK)
        if traceback and (found := _PYTHON_ERROR.search(after)):
            return found[0]
        lines = _JAVA_CAUSE.findall(text) or [line.strip() for line in text.splitlines() if line.strip()]
        return lines[-1] if lines else type(error).__name__


class DirectRunner(Runner):
    """Beam's in-process FnApiRunner, always, so that no run depends on a download.

    One worker in this process, busy on several cores (see ``parallel.py``), unless the options say otherwise:
    ``--direct_running_mode=multi_threading`` makes several threads of it, ``multi_processing`` processes, one a core
    unless ``--direct_num_workers`` says how many.
    """

    name = "DirectRunner"
    in_process = True

    def complete(self, flags: Flags) -> Flags:
        several = flags.value("direct_running_mode") in ("multi_threading", "multi_processing")
        return flags.with_default("direct_num_workers", str(len(os.sched_getaffinity(0)))) if several else flags

    def counts_here(self, flags: Flags) -> bool:
        return flags.value("direct_running_mode") != "multi_processing"

    def create(self, options: "PipelineOptions") -> "PipelineRunner":
        from apache_beam.options.pipeline_options import DirectOptions
        from apache_beam.runners.portability.fn_api_runner import FnApiRunner, worker_handlers

        # Between workers of this machine Beam sends half-filled buffers every second, from another thread. What is
        # written to a buffer between its sending and its clearing is lost: megabytes of a block's neighbours, on a busy
        # machine. An element that is just being encoded is torn apart ("Invalid PaneInfoEncoding") when its coder lets
        # other threads run, as Arrow does. Zero turns that off (for the runner's side of the connections and for
        # workers that are threads); buffers are still sent when they are full, and at the end.
        worker_handlers.DATA_BUFFER_TIME_LIMIT_MS = 0
        direct = options.view_as(DirectOptions)
        if direct.direct_running_mode != "multi_processing":
            # One worker needs no connection: a seventh less work and three quarters of the memory (CPU time and
            # resident size of preparing canada_laws, `/usr/bin/time -v`). In memory, several would wait for each other.
            direct.direct_running_mode = "in_memory" if direct.direct_num_workers == 1 else "multi_threading"
        return FnApiRunner()
