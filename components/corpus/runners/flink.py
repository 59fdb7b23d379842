"""FlinkRunner: a Flink cluster, on this machine or elsewhere."""

from components.corpus.runners.runner import Runner


class FlinkRunner(Runner):
    name = "FlinkRunner"
