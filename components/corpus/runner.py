"""Runners by name, Beam's options, and errors from workers told in one line."""

import io
import logging
import os
import re
import shlex
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr

import apache_beam as beam
from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions, StandardOptions
from apache_beam.runners.runner import PipelineRunner
from apache_beam.transforms.environments import EmbeddedPythonGrpcEnvironment

from components.corpus.parameters import PrepareParameters
from components.errors import InputError

# Beam's in-process workers flush half-filled buffers every second, from another thread: an element that is just being
# encoded is torn apart when its coder lets other threads run, as Arrow does ("Invalid PaneInfoEncoding"). Waiting a
# day turns that off; buffers are still flushed by size and at the end.
_NO_TIMED_FLUSH = 24 * 60 * 60 * 1000
_WORKER_INPUT_ERROR = re.compile(r"components\.errors\.InputError: (.+?)(?: \[while running '.*)?$", re.MULTILINE)


def make_options(parameters: PrepareParameters) -> PipelineOptions:
    """Beam's options from ``beam_options``.

    Raises:
        InputError: if one of them is none of Beam's.
    """
    try:
        flags = shlex.split(parameters.beam_options)
        unknown = _unknown(flags)
    except (ValueError, SystemExit):
        raise InputError(
            f"beam_options: found {parameters.beam_options!r}, must be Beam options: --name=value …"
        ) from None
    if unknown:
        raise InputError(f"beam_options: {unknown[0]!r} is not a Beam option")
    options = PipelineOptions(flags)
    options.view_as(StandardOptions).runner = parameters.runner
    return options


def _unknown(flags: Sequence[str]) -> list[str]:
    from apache_beam.options.pipeline_options import _BeamArgumentParser  # The parser that Beam itself uses.

    parser = _BeamArgumentParser(allow_abbrev=False)
    for group in PipelineOptions.__subclasses__():
        group._add_argparse_args(parser)
    return parser.parse_known_args(list(flags))[1]


def make_runner(options: PipelineOptions) -> PipelineRunner | str:
    """The runner that the options name. ``DirectRunner`` is always the in-process FnApiRunner, a thread a core."""
    name = options.view_as(StandardOptions).runner
    if name != "DirectRunner":
        return name
    from apache_beam.runners.portability.fn_api_runner import FnApiRunner

    direct = options.view_as(DirectOptions)
    if direct.direct_running_mode == "in_memory" and direct.direct_num_workers == 1:
        direct.direct_num_workers = len(os.sched_getaffinity(0))
    if direct.direct_running_mode != "in_memory":
        return FnApiRunner()
    return FnApiRunner(EmbeddedPythonGrpcEnvironment(data_buffer_time_limit_ms=_NO_TIMED_FLUSH))


def run(pipeline: beam.Pipeline) -> beam.runners.runner.PipelineResult:
    """Runs a pipeline to its end.

    Raises:
        InputError: the one that a worker raised, if that was the reason it failed.
    """
    # Workers in this process log and print the traceback of whatever they meet, at every step it passes on its way to
    # the launcher, where it arrives whole.
    said = io.StringIO()
    logger = logging.getLogger("apache_beam.runners")
    logger.setLevel(logging.CRITICAL)
    try:
        with redirect_stderr(said):
            result = pipeline.run()
            result.wait_until_finish()
    except Exception as error:
        if found := _WORKER_INPUT_ERROR.findall(str(error)):
            raise InputError(found[-1]) from None
        sys.stderr.write(said.getvalue())
        raise
    finally:
        logger.setLevel(logging.NOTSET)
    return result
