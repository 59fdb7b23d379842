"""The packaged translator that echoes, as in ``tests.serving``, and servers of it in this process."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
import uvicorn

from components.server.application import Application
from components.server.glossary import Glossary
from components.server.keys import Keys
from components.server.models import ServedModel
from components.server.scoring import Limits
from components.server.server import Connection
from components.serving.package import load_model
from tests.serving.conftest import exported, packaged, translator

__all__ = ["exported", "packaged", "translator"]


@pytest.fixture(scope="session")
def served(packaged: Path) -> ServedModel:
    """The echo as a server has it."""
    return ServedModel(load_model(str(packaged)))


@contextmanager
def listening(model: ServedModel, keys: Keys | None = None, glossary: Glossary | None = None) -> Iterator[str]:
    """The URL of a server in a thread of its own."""
    models = SimpleNamespace(current=model, refused="")
    application = Application(models, Limits(), 100, keys or Keys(), glossary or Glossary({}))  # type: ignore[arg-type]
    config = uvicorn.Config(application, http=Connection, lifespan="off", log_level="critical")
    running = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    running.should_exit = True
    thread.join()
