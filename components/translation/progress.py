"""Progress of a file's translation, from the parts that are finished, whichever process does it."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from components.bar import bar
from components.translation.rows import Part
from components.translation.workspace import Workspace


@contextmanager
def progress(workspace: Workspace, parts: Sequence[Part]) -> Iterator[None]:
    """Shows, while the block runs, how many rows are translated and how fast."""
    missing = workspace.missing(parts)
    total, left = (sum(part.rows for part in some) for some in (parts, missing))
    with bar("translate", total, "rows", total - left) as update:
        ended = threading.Event()

        def watch() -> None:
            still = missing
            while still:
                last = ended.wait(workspace.period)
                before = still
                # A look that fails tells nothing; the next one may.
                with suppress(Exception):
                    still = workspace.missing(still)
                update(sum(part.rows for part in before) - sum(part.rows for part in still))
                if last:
                    return

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
