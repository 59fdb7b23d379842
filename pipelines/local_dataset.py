"""Datasets on this machine, where training and evaluation read them."""

from pathlib import Path

from components.corpus.destination import Destination
from components.errors import retry_while_busy

DATA = Path("data")


def local_dataset(data_dir: str) -> Path:
    """The folder of a prepared dataset; one that lies elsewhere (``gs://…``) is fetched once, into ``data/KEY``.

    If another process is fetching it at this moment, this one waits and finds it there.

    Raises:
        InputError: if there is none to fetch.
    """
    folder = retry_while_busy(lambda: Destination.of(data_dir).fetch(DATA))
    if str(folder) != str(Path(data_dir)):
        print(f"data_dir: {data_dir} is read from its copy in {folder}")
    return folder
