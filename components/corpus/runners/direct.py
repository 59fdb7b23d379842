"""DirectRunner: Beam's in-process FnApiRunner, always, so that no run depends on a download."""

import os
from typing import TYPE_CHECKING

from components.corpus.runners.flags import Flags
from components.corpus.runners.runner import Runner

if TYPE_CHECKING:
    from apache_beam.options.pipeline_options import PipelineOptions
    from apache_beam.runners.runner import PipelineRunner

# Beam's in-process workers flush half-filled buffers every second, from another thread: an element that is just being
# encoded is torn apart when its coder lets other threads run, as Arrow does ("Invalid PaneInfoEncoding"). Waiting a
# day turns that off; buffers are still flushed by size and at the end.
_NO_TIMED_FLUSH = 24 * 60 * 60 * 1000


class DirectRunner(Runner):
    """Threads of this process, one a core unless the options say otherwise, or processes (``multi_processing``)."""

    name = "DirectRunner"
    in_process = True

    def complete(self, flags: Flags) -> Flags:
        return flags.with_default("direct_num_workers", str(len(os.sched_getaffinity(0))))

    def counts_here(self, flags: Flags) -> bool:
        return flags.value("direct_running_mode") != "multi_processing"

    def make(self, options: "PipelineOptions") -> "PipelineRunner":
        from apache_beam.options.pipeline_options import DirectOptions
        from apache_beam.runners.portability.fn_api_runner import FnApiRunner
        from apache_beam.transforms.environments import EmbeddedPythonGrpcEnvironment

        direct = options.view_as(DirectOptions)
        if direct.direct_running_mode == "multi_processing":
            return FnApiRunner()
        # Beam means the same by multi_threading, but would bring an environment of its own, with the timed flush.
        direct.direct_running_mode = "in_memory"
        return FnApiRunner(EmbeddedPythonGrpcEnvironment(data_buffer_time_limit_ms=_NO_TIMED_FLUSH))
