"""DataflowRunner: workers in Google's cloud."""

from components.corpus.runners.flags import Flags
from components.corpus.runners.runner import Runner


class DataflowRunner(Runner):
    name = "DataflowRunner"
    needs_clouds = True

    def shares_files(self, flags: Flags) -> bool:
        return False
