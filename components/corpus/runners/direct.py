"""DirectRunner: Beam's in-process FnApiRunner, always, so that no run depends on a download."""

import os
from typing import TYPE_CHECKING

from components.corpus.runners.flags import Flags
from components.corpus.runners.runner import Runner

if TYPE_CHECKING:
    from apache_beam.options.pipeline_options import PipelineOptions
    from apache_beam.runners.runner import PipelineRunner

# Between workers of this machine Beam sends half-filled buffers every second, from another thread, which tells nobody.
# What is written to a buffer between its sending and its clearing is lost: megabytes of a block's neighbours, on a busy
# machine. An element that is just being encoded is torn apart ("Invalid PaneInfoEncoding"), when its coder lets other
# threads run, as Arrow does. Nought turns that off; buffers are still sent when they are full, and at the end.
_NO_TIMED_FLUSH = 0


class DirectRunner(Runner):
    """One worker in this process, busy on several cores (see ``parallel.py``), unless the options say otherwise.

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

    def make(self, options: "PipelineOptions") -> "PipelineRunner":
        from apache_beam.options.pipeline_options import DirectOptions
        from apache_beam.runners.portability.fn_api_runner import FnApiRunner, worker_handlers

        # For the runner's own side of the connections, and for workers that are threads.
        worker_handlers.DATA_BUFFER_TIME_LIMIT_MS = _NO_TIMED_FLUSH
        direct = options.view_as(DirectOptions)
        if direct.direct_running_mode != "multi_processing":
            # One worker needs no connection: a seventh less work and three quarters of the memory (CPU time and
            # resident size of preparing canada_laws, `/usr/bin/time -v`). In memory, several would take turns.
            direct.direct_running_mode = "in_memory" if direct.direct_num_workers == 1 else "multi_threading"
        return FnApiRunner()
