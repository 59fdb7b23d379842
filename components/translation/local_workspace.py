"""The workspace of an output on this machine, which becomes one file, in the order of the input."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from components.errors import InputError
from components.translation.formats import Format
from components.translation.rows import Part
from components.translation.workspace import LOCK, PARTS_SUFFIX, PLAN, Workspace, appearing


class LocalWorkspace(Workspace):
    """The folder ``OUTPUT.parts``; the output is an absolute path."""

    period = 0.5

    def __init__(self, output: str):
        super().__init__(output)
        self._folder = Path(output + PARTS_SUFFIX)

    @contextmanager
    def opened(self, plan: str) -> Iterator[None]:
        """Empties the folder first if it was made by another plan."""
        lock = FileLock(self._folder / LOCK, timeout=0)
        try:
            with self._writing():
                self._folder.mkdir(exist_ok=True)
                lock.acquire()
                self._begin(plan)
            yield
        except InputError:
            if lock.is_locked and not any(self._folder.glob("part-*")):
                self.remove()
            raise
        finally:
            lock.release()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except Timeout:
            raise InputError(f"output: another run is writing {self.output}") from None
        except OSError as error:
            raise InputError(f"output: {self.output} cannot be written: {error.strerror or error}") from None

    def _begin(self, plan: str) -> None:
        path = self._folder / PLAN
        if path.exists() and path.read_text(encoding="utf-8") == plan:
            return
        for entry in self._folder.glob("part-*"):
            entry.unlink()
        path.write_text(plan, encoding="utf-8")

    def model(self, folder: Path) -> str:
        return str(folder.absolute())

    def finished(self) -> set[str]:
        return {name for name in os.listdir(self._folder) if name.startswith("part-")}

    @contextmanager
    def appearing(self, name: str) -> Iterator[Path]:
        with self._writing(), appearing(self._folder / name) as path:
            yield path

    def read(self, name: str) -> str:
        return (self._folder / name).read_text(encoding="utf-8")

    def publish(self, format: Format, parts: Sequence[Part], failures: Sequence[str]) -> str:
        output, failures_file = Path(self.output), Path(self.failures)
        with self._writing():
            if failures:
                with appearing(failures_file) as path:
                    path.write_text("".join(f"{line}\n" for line in failures), encoding="utf-8")
            else:
                failures_file.unlink(missing_ok=True)
            with appearing(output) as path:
                format.merge([self._folder / self.part(part) for part in parts], path)
        return self.output

    def remove(self) -> None:
        # The lock last: who finds none moves in, and would lose what is removed after it.
        with suppress(OSError):
            for entry in self._folder.iterdir():
                if entry.name != LOCK:
                    entry.unlink()
        shutil.rmtree(self._folder, ignore_errors=True)
