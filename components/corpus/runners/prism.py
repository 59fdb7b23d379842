"""PrismRunner: Beam's engine in Go, a program of its own on this machine."""

import os

from components.corpus.runners.flags import Flags
from components.corpus.runners.portable import PortableRunner, check_program
from components.errors import InputError

# Speaks the same protocol as Beam 2.72.
PRISM = "github.com/apache/beam/sdks/v2/go/cmd/prism@v2.73.0"
_HOW = (
    f"`GOBIN=/FOLDER go install {PRISM}` builds the program, and --prism_location=/FOLDER/prism names it (nothing is"
    " downloaded unasked)"
)


class PrismRunner(PortableRunner):
    """Workers are threads of this process, or with ``--environment_type=PROCESS`` processes of their own."""

    name = "PrismRunner"

    def check(self, flags: Flags) -> None:
        if flags.value("job_endpoint"):
            return
        if not (location := flags.value("prism_location")):
            raise InputError(f"beam_options: PrismRunner needs the program Prism: {_HOW}")
        check_program("prism_location", location, _HOW)
        if not os.access(location, os.X_OK):
            raise InputError(f"beam_options: --prism_location={location} is no program; {_HOW}")

    def complete(self, flags: Flags) -> Flags:
        return self.with_own_workers(flags) if flags.value("environment_type") == "PROCESS" else flags
