"""The runners that a job can be started on. A new one is a subclass of ``Runner`` and its entry in ``RUNNERS``."""

from components.corpus.runners.dataflow import DataflowRunner
from components.corpus.runners.portable import FlinkRunner, PrismRunner
from components.corpus.runners.runner import DirectRunner, Flags, Runner

RUNNERS: dict[str, Runner] = {
    runner.name: runner for runner in (DirectRunner(), PrismRunner(), FlinkRunner(), DataflowRunner())
}


def checked_runner(name: str, beam_options: str) -> tuple[Runner, Flags]:
    """The runner of that name and its options, before any work begins.

    Args:
        name: a key of ``RUNNERS``.
        beam_options: further Beam options, in one string.

    Raises:
        InputError: if an option is none of Beam's, or the runner cannot be started with them.
    """
    runner, flags = RUNNERS[name], Flags.parse(beam_options)
    flags.check()
    runner.check(flags)
    return runner, flags
