"""The HTTP server: MLflow's scoring application around a packaged translator."""

import socket
from collections.abc import Callable
from contextlib import suppress

import uvicorn
from mlflow import pyfunc
from mlflow.pyfunc import scoring_server

from components.serving.loading import load_model


def serve(model: str, listener: socket.socket, when_ready: Callable[[str], None]) -> None:
    """Answers at ``listener`` until it is interrupted.

    Args:
        model: see :func:`components.serving.loading.load_model`.
        listener: a bound socket.
        when_ready: called with the model's name once requests are answered.

    Raises:
        InputError: if the model cannot be loaded.
    """
    loaded = load_model(model)
    application = scoring_server.init(pyfunc.load_model(loaded.uri))

    class Announced(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            when_ready(loaded.label)

    server = Announced(uvicorn.Config(application, log_level="warning"))
    with suppress(KeyboardInterrupt):
        server.run(sockets=[listener])
