"""Starting a pipeline on a runner, and its errors told in one line."""

import io
import logging
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions

from components.corpus.runners.flags import Flags
from components.corpus.runners.table import RUNNERS
from components.errors import InputError


class Launch:
    """A pipeline, to be filled, and the runner that will run it.

    Args:
        runner: a name in ``table.RUNNERS``.
        beam_options: further Beam options, in one string.

    Raises:
        InputError: if an option is none of Beam's, or the runner cannot be started with them.
    """

    def __init__(self, runner: str, beam_options: str):
        self._runner, flags = RUNNERS[runner], Flags.parse(beam_options)
        check_flags(flags)
        self._runner.check(flags)
        options = PipelineOptions(list(self._runner.complete(flags).words))
        options.view_as(StandardOptions).runner = runner
        self.pipeline = beam.Pipeline(self._runner.make(options), options)

    def run(self) -> beam.runners.runner.PipelineResult:
        """Runs the pipeline to its end.

        Raises:
            InputError: the one that a worker raised, if that was the reason it failed.
        """
        # Workers in this process log and print the traceback of whatever they meet, at every step it passes on its
        # way to the launcher, where it arrives whole.
        said = io.StringIO()
        logger = logging.getLogger("apache_beam.runners")
        logger.setLevel(logging.CRITICAL)
        try:
            with redirect_stderr(said):
                result = self.pipeline.run()
                result.wait_until_finish()
        except Exception as error:
            if reason := self._runner.reason(error):
                raise InputError(reason) from None
            sys.stderr.write(said.getvalue())
            raise
        finally:
            logger.setLevel(logging.NOTSET)
        return result


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
    return parser.parse_known_args(list(words))[1]
