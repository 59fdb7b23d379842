"""Starting a job on a runner: its options, its counters, its errors in one line."""

import copy
import logging
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, suppress
from io import StringIO

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions
from apache_beam.runners.runner import PipelineResult

from components.corpus.runners import checked_runner
from components.errors import InputError

_logger = logging.getLogger(__name__)


class Launch:
    """A pipeline, to be filled, and the runner that will run it.

    Args:
        runner: a key of ``RUNNERS``.
        beam_options: further Beam options, in one string.

    Raises:
        InputError: if an option is none of Beam's, or the runner cannot be started with them.
    """

    def __init__(self, runner: str, beam_options: str):
        self.runner, flags = checked_runner(runner, beam_options)
        self.counts_here = self.runner.counts_here(flags)
        options = PipelineOptions(list(self.runner.complete(flags).words))
        options.view_as(StandardOptions).runner = runner
        try:
            self.pipeline = beam.Pipeline(self.runner.create(options), options)
        except ValueError as error:  # What Beam finds wrong with the values of options.
            raise InputError(f"beam_options: {' '.join(str(error).split())}") from None
        self._result: PipelineResult | None = None

    def run(self) -> None:
        """Runs the pipeline to its end. When interrupted, a job that runs elsewhere is cancelled.

        Raises:
            InputError: the one that a worker raised, if that was the reason it failed; else, unless the workers are
                threads of this process, why the job failed and which file holds its output.
        """
        stderr = sys.stderr
        with _captured_output() as output:
            try:
                with _own_interrupt():
                    self._result = self.pipeline.run()
                if page := self.runner.job_page(self._result):
                    _logger.warning("%s: %s", self.runner.name, page)
                self._result.wait_until_finish()
            except KeyboardInterrupt:
                self._cancel()
                raise
            except Exception as error:
                # Ctrl-C met the worker, which is this very thread; Beam then says so in words of its own.
                if isinstance(error, RuntimeError) and str(error).startswith("KeyboardInterrupt"):
                    raise KeyboardInterrupt from None
                if reason := self.runner.input_error(error):
                    raise InputError(reason) from None
                if self.runner.in_process:
                    stderr.write(output.getvalue())
                    raise
                raise InputError(
                    f"runner: the job on {self.runner.name} failed: {self.runner.cause(error)}; its output is in"
                    f" {_save_log(output.getvalue(), error)}"
                ) from error

    def counters(self, namespace: str) -> dict[str, int]:
        """Beam's counters of that namespace by name, as far as the runner reports them; during the run and after it."""
        if self._result is None:
            return {}
        # Some results keep their first answer for ever, so a copy is asked.
        with suppress(Exception):
            found = copy.copy(self._result).metrics().query()["counters"]
            return {
                counter.key.metric.name: counter.attempted if counter.committed is None else counter.committed
                for counter in found
                if counter.key.metric.namespace == namespace
            }
        return {}

    def state(self) -> str:
        """The job's state in the runner's word, such as RUNNING; "under way" before there is one."""
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


@contextmanager
def _captured_output() -> Iterator[StringIO]:
    """Holds back what Beam and its workers print and log; what this project logs is shown all the same.

    Workers log the traceback of an exception at every step that it passes on its way to the launcher, where it arrives
    whole.
    """
    output, root = StringIO(), logging.getLogger()
    before = root.handlers[:]
    ours = logging.StreamHandler(sys.stderr)
    ours.addFilter(logging.Filter("components"))
    root.handlers = [logging.StreamHandler(output), ours]
    try:
        with redirect_stderr(output):
            yield output
    finally:
        root.handlers = before


@contextmanager
def _own_interrupt() -> Iterator[None]:
    """Restores the handler of Ctrl-C: with that of Beam's job server, the server would end and could cancel no job."""
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, handler)


def _save_log(output: str, error: Exception) -> str:
    with tempfile.NamedTemporaryFile("w", prefix="beam-job-", suffix=".log", delete=False, encoding="utf-8") as file:
        file.write(f"{error}\n\n{output}")
    return file.name
