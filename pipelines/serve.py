"""Serves a model over HTTP with MLflow's scoring protocol, until it is stopped.

./nmt serve
curl http://127.0.0.1:5001/invocations -H "Content-Type: application/json" -d '{"inputs": ["Where are my keys?"]}'
"""

import functools
import logging
import socket
from collections.abc import Sequence

from components.errors import InputError
from components.server.server import ServeParameters, serve
from components.serving.package import URI_SCHEMES
from components.tracking import check_tracking
from pipelines import cli

ABOUT = "Serves a model over HTTP with MLflow's scoring protocol: /invocations; probes at /live and /ready."


def main(argv: Sequence[str]) -> None:
    values = cli.parse(argv, "serve", ABOUT, [ServeParameters])
    run(cli.select(ServeParameters, values))


def run(parameters: ServeParameters) -> None:
    """Answers requests until it is told to end.

    Raises:
        InputError: if the model cannot be loaded, or the address is taken.
    """
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("components.server").setLevel(logging.INFO)
    listener = _listener(parameters.host, parameters.port)
    if parameters.model.startswith(URI_SCHEMES):
        check_tracking()
    with listener:
        serve(parameters, listener, functools.partial(_announce, listener, parameters.page))


def _listener(host: str, port: int) -> socket.socket:
    """A socket bound to the address; connections are refused until the server listens.

    Raises:
        InputError: if it cannot be bound.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        raise InputError(f"host, port: cannot listen on {host} port {port}: {error.strerror}") from None
    return listener


def _announce(listener: socket.socket, page: bool, model: str) -> None:
    host, port = listener.getsockname()[:2]
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    body = '{"inputs": ["Where are my keys?"]}'
    print(f"{model} answers at {url} (Ctrl-C ends it){'; open it in a browser' if page else ''}")
    print(f"  curl {url}/invocations -H 'Content-Type: application/json' -d '{body}'", flush=True)


if __name__ == "__main__":
    cli.run(main, label="serve")
