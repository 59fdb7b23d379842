"""The tracking server: which one, and whether it answers."""

import os
import urllib.error
import urllib.request
from http.client import HTTPException
from urllib.parse import urlsplit, urlunsplit

PROBE_SECONDS = 5.0
"""A healthy server answers ``/health`` in milliseconds; a sleeping one across an ocean in a second or two."""


def tracking_uri() -> str:
    """Where runs are recorded."""
    # Not by MLflow's own function when the variable is set: a server that is away is told before the slow import.
    if uri := os.environ.get("MLFLOW_TRACKING_URI"):
        return uri
    import mlflow

    return mlflow.get_tracking_uri()


def unreachable(uri: str) -> str:
    """Why the store at ``uri`` cannot be reached, in a few words; empty if it can. Only servers are ever away."""
    if not uri.startswith(("http://", "https://")):
        return ""
    try:
        with urllib.request.urlopen(without_password(uri).rstrip("/") + "/health", timeout=PROBE_SECONDS):
            return ""
    except urllib.error.HTTPError as error:
        # Something answers. Whether it lets this user in is for the first real call to say, except where a gateway
        # says that there is no server behind it.
        return f"{error.code} {error.reason}" if error.code in (502, 503, 504) else ""
    except urllib.error.URLError as error:
        return str(error.reason)
    except (OSError, ValueError, HTTPException) as error:
        return str(error)


def without_password(uri: str) -> str:
    """The address as it may be shown."""
    parts = urlsplit(uri)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
