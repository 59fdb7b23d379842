"""PrismRunner: Beam's engine in Go, a program of its own on this machine."""

from components.corpus.runners.runner import Runner


class PrismRunner(Runner):
    name = "PrismRunner"
