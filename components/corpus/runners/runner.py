"""What this project must know of one of Beam's runners."""

import re
from typing import TYPE_CHECKING

from components.corpus.runners.flags import Flags
from components.errors import InputError

if TYPE_CHECKING:
    from apache_beam.options.pipeline_options import PipelineOptions
    from apache_beam.runners.runner import PipelineResult, PipelineRunner

_TRACEBACK = "Traceback (most recent call last):"
_PYTHON_ERROR = re.compile(r"^[A-Za-z_][\w.]*: .+$", re.MULTILINE)
_JAVA_CAUSE = re.compile(r"^Caused by: (.+)$", re.MULTILINE)
_WHERE = r"(?: \[while running '.*)?$"
_WORKER_INPUT_ERROR = re.compile(rf"components\.errors\.InputError: (.+?){_WHERE}", re.MULTILINE)


class Runner:
    """One of Beam's runners; a subclass says where it differs. Knows nothing before it is asked, imports Beam late."""

    name: str
    # Whether this process does the work, with workers that end with it and have its working folder.
    in_process = False

    def check(self, flags: Flags) -> None:
        """Looks whether the runner can be started, before Beam is imported and before any work begins.

        Raises:
            InputError: if an option is missing or wrong; says what was found and what would be valid.
        """

    def shares_files(self, flags: Flags) -> bool:
        """Whether workers see the files of this machine under the same paths."""
        return True

    def counts_here(self, flags: Flags) -> bool:
        """Whether the workers are threads of this process, so that progress can be read off in it."""
        return self.in_process

    def wanted_image(self, flags: Flags) -> str:
        """The option that is missing for workers to have more than Beam and what prepares a corpus; empty if none."""
        return ""

    def sharing_rule(self) -> str:
        """For errors: when workers would see the files of this machine."""
        return "never"

    def complete(self, flags: Flags) -> Flags:
        """The options with what this project sets unless the user did."""
        return flags

    def make(self, options: "PipelineOptions") -> "PipelineRunner":
        """The runner itself. May change the options."""
        from apache_beam.runners.runner import create_runner

        return create_runner(self.name)

    def page(self, result: "PipelineResult") -> str:
        """Where a job that was started can be watched, if anywhere."""
        return ""

    def reason(self, error: Exception) -> str | None:
        """The text of the ``InputError`` that a worker raised, if that is why the pipeline failed with ``error``."""
        if isinstance(error, InputError):  # Of a worker that is this very thread.
            return re.sub(_WHERE, "", str(error))
        found = _WORKER_INPUT_ERROR.findall(str(error))
        return found[-1] if found else None

    def cause(self, error: Exception) -> str:
        """Why the pipeline failed, as far as one line of ``error`` tells: a worker's exception, else the last cause."""
        text = str(error)
        _, traceback, after = text.rpartition(_TRACEBACK)
        if traceback and (found := _PYTHON_ERROR.search(after)):
            return found[0]
        lines = _JAVA_CAUSE.findall(text) or [line.strip() for line in text.splitlines() if line.strip()]
        return lines[-1] if lines else type(error).__name__
