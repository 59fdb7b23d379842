"""The HTTP server: MLflow's scoring application around a packaged translator, with a guard before it."""

import os
import socket
from collections.abc import Callable
from contextlib import suppress

import uvicorn
from mlflow.environment_variables import MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT
from mlflow.pyfunc import scoring_server

from components.serving.connection import Connection
from components.serving.guard import Application, Guard
from components.serving.loading import LoadedModel, load_model
from components.serving.scoring import Limits

# Connections at once; whoever comes beyond that is told to come back later, with status 503.
MAX_CONNECTIONS = 512
# The limits bound the work of a request. MLflow's clock runs while it waits for its turn too, and would leave the work
# going on behind an error.
TIMEOUT_SECONDS = 3600


def serve(model: str, listener: socket.socket, limits: Limits, page: bool, when_ready: Callable[[str], None]) -> None:
    """Answers at ``listener`` until it is interrupted.

    Args:
        model: see :func:`components.serving.loading.load_model`.
        listener: a bound socket.
        limits: of one request.
        page: also show a page to people, at ``/``.
        when_ready: called with the model's name once requests are answered.

    Raises:
        InputError: if the model cannot be loaded.
    """
    os.environ.setdefault(MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT.name, str(TIMEOUT_SECONDS))
    slots = set_threads()
    loaded = load_model(model)
    label = loaded.found.label
    shown = _page(loaded, limits, slots) if page else None
    schema = loaded.pyfunc.metadata.get_params_schema()
    parameters = {parameter.name for parameter in schema.params} if schema else set()
    check = loaded.translator.settings.check
    application = Guard(scoring_server.init(loaded.pyfunc), label, limits, slots, check, parameters, shown)

    class Announced(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            when_ready(label)

    config = uvicorn.Config(
        application,
        http=Connection,
        ws="none",
        log_level="warning",
        server_header=False,
        limit_concurrency=MAX_CONNECTIONS,
        lifespan="on" if page else "off",
    )
    with suppress(KeyboardInterrupt):
        Announced(config).run(sockets=[listener])


def set_threads() -> int:
    """Divides the cores between requests, before TensorFlow is imported; returns how many are answered at a time."""
    slots = os.cpu_count() or 1
    # Several translations side by side use the cores better than several cores for the small products of one.
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
    os.environ.setdefault("TF_NUM_INTEROP_THREADS", str(slots))
    return slots


def _page(loaded: LoadedModel, limits: Limits, slots: int) -> Application:
    # The library behind it takes seconds to import, and most servers show no page.
    from components.serving.page import page_application

    return page_application(loaded.translator, loaded.found.label, limits, slots)
