#!/bin/sh
# What starts a Beam worker process, with the arguments of Beam's container contract: the project is found from here,
# WORKER_PYTHON is the interpreter that has its packages.
project=$(cd "$(dirname "$0")/../../.." && pwd)
PYTHONPATH=$project${PYTHONPATH:+:$PYTHONPATH} exec "${WORKER_PYTHON:-python3}" -m components.corpus.runners.worker "$@"
