"""Starting a pipeline on a runner: its options, its counters, its errors told in one line."""

import copy
import logging
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, suppress
from io import StringIO

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions
from apache_beam.runners.runner import PipelineResult

from components.corpus.runners.flags import Flags
from components.corpus.runners.table import RUNNERS
from components.errors import InputError

_logger = logging.getLogger(__name__)


class Launch:
    """A pipeline, to be filled, and the runner that will run it.

    Args:
        runner: a name in ``table.RUNNERS``.
        beam_options: further Beam options, in one string.

    Raises:
        InputError: if an option is none of Beam's, or the runner cannot be started with them.
    """

    def __init__(self, runner: str, beam_options: str):
        self.runner, flags = RUNNERS[runner], Flags.parse(beam_options)
        check_flags(flags)
        self.runner.check(flags)
        self.counts_here = self.runner.counts_here(flags)
        options = PipelineOptions(list(self.runner.complete(flags).words))
        options.view_as(StandardOptions).runner = runner
        try:
            self.pipeline = beam.Pipeline(self.runner.make(options), options)
        except ValueError as error:  # What Beam finds wrong with the values of options.
            raise InputError(f"beam_options: {' '.join(str(error).split())}") from None
        self._result: PipelineResult | None = None

    def run(self) -> None:
        """Runs the pipeline to its end. When interrupted, a job that runs elsewhere is cancelled.

        Raises:
            InputError: the one that a worker raised, if that was the reason it failed; else, unless the workers are
                threads of this process, why the job failed and which file tells all of it.
        """
        stderr = sys.stderr
        with _unsaid() as story:
            try:
                with _own_interrupt():
                    self._result = self.pipeline.run()
                if page := self.runner.page(self._result):
                    _logger.warning("%s: %s", self.runner.name, page)
                self._result.wait_until_finish()
            except KeyboardInterrupt:
                self._cancel()
                raise
            except Exception as error:
                if _is_interrupt(error):  # It met the worker, which is this very thread.
                    raise KeyboardInterrupt from None
                if reason := self.runner.reason(error):
                    raise InputError(reason) from None
                if self.runner.in_process:
                    stderr.write(story.getvalue())
                    raise
                raise InputError(
                    f"runner: the job on {self.runner.name} failed: {self.runner.cause(error)}; everything it said is"
                    f" in {_keep(story.getvalue(), error)}"
                ) from error

    def counters(self, namespace: str) -> dict[str, int]:
        """Beam's counters of that namespace by name, as far as the runner tells them; during the run and after it."""
        if self._result is None:
            return {}
        # Some results remember the first answer for good, so a copy is asked.
        with suppress(Exception):
            found = copy.copy(self._result).metrics().query()["counters"]
            return {
                counter.key.metric.name: counter.attempted if counter.committed is None else counter.committed
                for counter in found
                if counter.key.metric.namespace == namespace
            }
        return {}

    def state(self) -> str:
        """The job's state in the runner's word, such as RUNNING; as long as there is none, "under way"."""
        with suppress(Exception):
            return str(self._result.state) if self._result else "under way"
        return "UNKNOWN"

    def _cancel(self) -> None:
        if self.runner.in_process or self._result is None:
            return
        try:
            self._result.cancel()
            _logger.warning("%s: interrupted, and the job is cancelled", self.runner.name)
        except Exception as error:
            _logger.warning("%s: interrupted, but the job may go on (%s)", self.runner.name, error)


def _is_interrupt(error: Exception) -> bool:
    """Whether Beam says in words of its own that Ctrl-C ended a step."""
    return isinstance(error, RuntimeError) and str(error).startswith("KeyboardInterrupt")


def check_flags(flags: Flags) -> None:
    """Looks whether Beam knows all the options and their values.

    Raises:
        InputError: if not.
    """
    try:
        unknown = _unknown(flags.words)
    except SystemExit:
        raise InputError(
            f"beam_options: found {' '.join(flags.words)!r}, must be Beam options: --name=value …"
        ) from None
    if unknown:
        raise InputError(f"beam_options: {unknown[0]!r} is not a Beam option")


def _unknown(words: Sequence[str]) -> list[str]:
    from apache_beam.options.pipeline_options import _BeamArgumentParser  # The parser that Beam itself uses.

    parser = _BeamArgumentParser(allow_abbrev=False)
    for group in PipelineOptions.__subclasses__():
        group._add_argparse_args(parser)
    with redirect_stderr(StringIO()):
        return parser.parse_known_args(list(words))[1]


@contextmanager
def _unsaid() -> Iterator[StringIO]:
    """Holds back what Beam and its workers print and log; what this project logs is said all the same.

    Workers tell the traceback of whatever they meet at every step it passes on its way to the launcher, where it
    arrives whole.
    """
    story, root = StringIO(), logging.getLogger()
    before = root.handlers[:]
    ours = logging.StreamHandler(sys.stderr)
    ours.addFilter(logging.Filter("components"))
    root.handlers = [logging.StreamHandler(story), ours]
    try:
        with redirect_stderr(story):
            yield story
    finally:
        root.handlers = before


@contextmanager
def _own_interrupt() -> Iterator[None]:
    """Keeps Ctrl-C as it is: Beam's job server would end at it first, and could not cancel the job any more."""
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, handler)


def _keep(story: str, error: Exception) -> str:
    with tempfile.NamedTemporaryFile("w", prefix="beam-job-", suffix=".log", delete=False, encoding="utf-8") as file:
        file.write(f"{error}\n\n{story}")
    return file.name
