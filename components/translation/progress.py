"""Progress of a file's translation on one line of standard error, from the parts that are finished."""

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tqdm import tqdm

from components.translation.rows import Part
from components.translation.workspace import Workspace


@contextmanager
def progress(workspace: Workspace, parts: Sequence[Part]) -> Iterator[None]:
    """Shows, while the block runs, how many rows are translated and how fast, whichever process does it."""
    # Where nobody watches, a line now and then is enough.
    period = 0.5 if sys.stderr.isatty() else 15.0
    done = sum(part.rows for part in parts) - sum(part.rows for part in workspace.missing(parts))
    with tqdm(
        total=sum(part.rows for part in parts), initial=done, unit=" rows", desc="translate", mininterval=period
    ) as bar:
        ended = threading.Event()

        def watch() -> None:
            missing = workspace.missing(parts)
            while missing:
                last = ended.wait(period)
                still = workspace.missing(missing)
                bar.update(sum(part.rows for part in missing) - sum(part.rows for part in still))
                missing = still
                if last:
                    return

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
