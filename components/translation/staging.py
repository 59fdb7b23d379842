"""The staging directory beside an output: finished ranges stay there, and the next run resumes from them.

Of an output on this machine it is ``OUTPUT.parts``, and the ranges become one file. Of one on a remote file system
(``gs://…``), where nothing can be appended, they become shards.
"""

import hashlib
import os
import re
import shutil
import tempfile
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from components.corpus.files import (
    PARTIAL,
    delete_folders,
    file_systems,
    open_raw,
    remote_access,
    rename_files,
    sizes_below,
    upload,
    write_file,
)
from components.errors import InputError
from components.translation.formats import Format, RowRange, ending_of

# Beside the output: the rows that failed, and the staging directory.
FAILURES_SUFFIX, STAGING_SUFFIX = ".failed.jsonl", ".parts"
# In the staging directory.
PLAN, LOCK = "plan.json", "lock"


class Staging(ABC):
    """A staging directory. Picklable: the workers write to it.

    A finished range appears there under its final name only when it is complete; the output appears when all ranges
    have.
    """

    # Seconds between two polls of what is finished.
    period: float

    def __init__(self, output: str):
        self.output = output
        self.failures = output + FAILURES_SUFFIX

    def name(self, rows: RowRange) -> str:
        """The name of a finished range."""
        return f"part-{rows.index:06d}{ending_of(self.output)}"

    def failures_name(self, rows: RowRange) -> str:
        """The name of the file with those rows of a range that failed."""
        return f"part-{rows.index:06d}{FAILURES_SUFFIX}"

    def missing(self, ranges: Sequence[RowRange]) -> list[RowRange]:
        """The ranges that are not finished."""
        finished = self.finished()
        return [rows for rows in ranges if self.name(rows) not in finished]

    @abstractmethod
    def opened(self, plan: str) -> AbstractContextManager[None]:
        """Holds the directory for this run; files of another plan are not used.

        Args:
            plan: everything that decides what is written: input, model, options.

        Raises:
            InputError: if nothing can be written there, or if another run is known to hold it.
        """

    @abstractmethod
    def model(self, folder: Path) -> str:
        """Where workers find a packaged model of this machine."""

    @abstractmethod
    def finished(self) -> set[str]:
        """The names of the complete files of ranges."""

    @abstractmethod
    def writing(self, name: str) -> AbstractContextManager[Path]:
        """A file of this machine to write to; it appears under ``name`` if the block ends without an exception."""

    @abstractmethod
    def read(self, name: str) -> str:
        """The text of a finished file."""

    @abstractmethod
    def publish(self, format: Format, ranges: Sequence[RowRange], failures: Sequence[str]) -> str:
        """Writes output and failures (lines); without failures it removes those of an earlier run.

        Returns:
            The output's path, or a pattern of its shards.
        """

    @abstractmethod
    def remove(self) -> None:
        """Removes the directory with all that is in it, while it is held."""


class LocalStaging(Staging):
    """The directory ``OUTPUT.parts``; the output is an absolute path."""

    period = 0.5

    def __init__(self, output: str):
        super().__init__(output)
        self._folder = Path(output + STAGING_SUFFIX)

    @contextmanager
    def opened(self, plan: str) -> Iterator[None]:
        """Empties the directory first if it was made by another plan."""
        lock = FileLock(self._folder / LOCK, timeout=0)
        try:
            with self._one_line_errors():
                self._folder.mkdir(exist_ok=True)
                lock.acquire()
                path = self._folder / PLAN
                if not path.exists() or path.read_text(encoding="utf-8") != plan:
                    for entry in self._folder.glob("part-*"):
                        entry.unlink()
                    path.write_text(plan, encoding="utf-8")
            yield
        except InputError:
            if lock.is_locked and not any(self._folder.glob("part-*")):
                self.remove()
            raise
        finally:
            lock.release()

    @contextmanager
    def _one_line_errors(self) -> Iterator[None]:
        try:
            yield
        except Timeout:
            raise InputError(f"output: another run is writing {self.output}") from None
        except OSError as error:
            raise InputError(f"output: {self.output} cannot be written: {error.strerror or error}") from None

    def model(self, folder: Path) -> str:
        return str(folder.absolute())

    def finished(self) -> set[str]:
        return {name for name in os.listdir(self._folder) if name.startswith("part-")}

    @contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        with self._one_line_errors(), _replacing(self._folder / name) as path:
            yield path

    def read(self, name: str) -> str:
        return (self._folder / name).read_text(encoding="utf-8")

    def publish(self, format: Format, ranges: Sequence[RowRange], failures: Sequence[str]) -> str:
        with self._one_line_errors():
            if failures:
                with _replacing(Path(self.failures)) as path:
                    path.write_text("".join(f"{line}\n" for line in failures), encoding="utf-8")
            else:
                Path(self.failures).unlink(missing_ok=True)
            with _replacing(Path(self.output)) as path:
                format.merge([self._folder / self.name(rows) for rows in ranges], path)
        return self.output

    def remove(self) -> None:
        # The lock last: another run may take the directory as soon as there is none, and must not lose its files.
        with suppress(OSError):
            for entry in self._folder.iterdir():
                if entry.name != LOCK:
                    entry.unlink()
        shutil.rmtree(self._folder, ignore_errors=True)


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A name to write to; the file gets the name ``path`` only when the block ends without an exception."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield partial
        with open(partial, "rb") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


class RemoteStaging(Staging):
    """The directory ``OUTPUT.parts/KEY``, KEY being a digest of the plan: each plan has a directory of its own.

    No lock keeps two runs of the same plan apart: they write the same, and so may the workers of a launcher that was
    killed.

    Args:
        output: URL; ``gs://BUCKET/out.jsonl`` becomes ``gs://BUCKET/out-00000-of-00012.jsonl`` and so on, numbered in
            the order of the input.
        plan: see :meth:`opened`.
        shares_files: whether the workers see the files of this machine.
    """

    period = 5.0

    def __init__(self, output: str, plan: str, shares_files: bool):
        super().__init__(output)
        self._shares_files = shares_files
        self._folder = f"{output}{STAGING_SUFFIX}/{hashlib.sha256(plan.encode()).hexdigest()[:16]}"

    def _one_line_errors(self) -> AbstractContextManager[None]:
        return remote_access(f"output: {self.output}")

    @contextmanager
    def opened(self, plan: str) -> Iterator[None]:
        with self._one_line_errors():
            # Before the workers are started: this fails if nothing can be written there.
            write_file(f"{self._folder}/{PLAN}", [plan.encode()])
        try:
            yield
        except InputError:
            with suppress(Exception):
                if not self.finished():
                    self.remove()
            raise

    def model(self, folder: Path) -> str:
        """In the staging directory, unless the workers see the files of this machine."""
        if self._shares_files:
            return str(folder.absolute())
        url = f"{self._folder}/model"
        with self._one_line_errors():
            uploaded = sizes_below(url)
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                name = str(path.relative_to(folder))
                if uploaded.get(name) != path.stat().st_size:  # Not by an earlier run.
                    upload(path, f"{url}/{name}")
        return url

    def finished(self) -> set[str]:
        with self._one_line_errors():
            return {name for name in sizes_below(self._folder) if re.match(r"part-\d+", name) and PARTIAL not in name}

    @contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="part-") as scratch:
            path, url = Path(scratch, name), f"{self._folder}/{name}"
            yield path
            with self._one_line_errors():
                partial = f"{url}.{uuid.uuid4().hex}{PARTIAL}"
                upload(path, partial)
                try:
                    rename_files([partial], [url])
                except Exception:
                    # Some file systems do not rename to an existing file: another worker wrote it, with the same rows.
                    if not file_systems().exists(url):
                        raise
                    file_systems().delete([partial])

    def read(self, name: str) -> str:
        with self._one_line_errors(), open_raw(f"{self._folder}/{name}") as file:
            return file.read().decode("utf-8")

    def publish(self, format: Format, ranges: Sequence[RowRange], failures: Sequence[str]) -> str:
        """The output is complete when there are as many shards as their names say; then those of an earlier one go."""
        stem, ending = os.path.splitext(self.output)
        pattern, count = f"{stem}-*-of-*{ending}", f"of-{len(ranges):05d}"
        shards = [f"{stem}-{index:05d}-{count}{ending}" for index in range(len(ranges))]
        with self._one_line_errors():
            systems = file_systems()
            found = [metadata.path for metadata in systems.match([pattern])[0].metadata_list]
            earlier = {path for path in found if shards_of(self.output).fullmatch(path)}
            # Some file systems do not copy to an existing file; and old shards among the new would look complete.
            replaced = sorted(earlier & set(shards)) + ([self.failures] if systems.exists(self.failures) else [])
            if replaced:
                systems.delete(replaced)
            if failures:
                write_file(self.failures, (f"{line}\n".encode() for line in failures))
            # Not renamed: a run that is killed here finds all of them finished the next time.
            systems.copy([f"{self._folder}/{self.name(rows)}" for rows in ranges], shards)
            if outdated := sorted(earlier - set(shards)):
                systems.delete(outdated)
        return f"{stem}-*-{count}{ending}"

    def remove(self) -> None:
        with suppress(Exception):
            delete_folders([self._folder])


def shards_of(output: str) -> re.Pattern[str]:
    """The URLs of an output's shards, however many there are."""
    stem, ending = os.path.splitext(output)
    return re.compile(rf"{re.escape(stem)}-\d{{5,}}-of-\d{{5,}}{re.escape(ending)}")
