#!/bin/sh
# What Beam's job server starts for a worker process; portable.py sets the variable.
exec "$WORKER_PYTHON" -m components.corpus.runners.worker "$@"
