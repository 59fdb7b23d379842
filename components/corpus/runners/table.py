"""The table of runners: one line makes a runner known everywhere."""

from components.corpus.runners.dataflow import DataflowRunner
from components.corpus.runners.direct import DirectRunner
from components.corpus.runners.flink import FlinkRunner
from components.corpus.runners.prism import PrismRunner
from components.corpus.runners.runner import Runner

RUNNERS: dict[str, Runner] = {
    runner.name: runner for runner in (DirectRunner(), PrismRunner(), FlinkRunner(), DataflowRunner())
}
