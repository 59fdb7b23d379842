"""Where a dataset goes: a folder of this machine, or one on a file system that Beam knows (``gs://…``).

A local folder is staged beside the old one and renamed. A remote one cannot be renamed as a whole: its files move one
by one into an empty folder, and the manifest, written last, makes them a dataset.
"""

import tempfile
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from components.corpus.files import (
    delete_folders,
    download,
    file_systems,
    is_remote,
    open_raw,
    remote_access,
    rename_files,
    sizes_below,
    write_file,
)
from components.dataset import folder as folders
from components.dataset.manifest import MANIFEST_FILE, Manifest
from components.errors import InputError

# The staging directory of an attempt has this name and a number.
_ATTEMPT = ".partial-"
# Written first of all, so that a folder that cannot be written to is refused before the workers are started.
_STARTED = "started"
# Of no use where the dataset is only read.
_NOT_FETCHED = ("rejected/", _ATTEMPT)
_FETCHED_AT_ONCE = 8


@dataclass(frozen=True)
class StagingDirectory:
    """Where a dataset is made: the launcher writes into ``folder``, the workers below ``worker_path`` (path or URL).

    On this machine the two are the same.
    """

    folder: Path
    worker_path: str


class Destination(ABC):
    """What ``data_dir`` names."""

    @staticmethod
    def of(data_dir: str) -> "Destination":
        """The destination of that name.

        Raises:
            InputError: if it is a remote one with wildcards.
        """
        return RemoteDestination(data_dir) if is_remote(data_dir) else LocalDestination(Path(data_dir))

    @abstractmethod
    def find_intact(self) -> Manifest | None:
        """The manifest of the dataset that is there, if every file that it names is there and whole."""

    @abstractmethod
    def check_replaceable(self, key: str, force: bool) -> None:
        """Checks that a dataset may be put there.

        Raises:
            InputError: if it holds another dataset and ``force`` is not set; if it holds anything that is no part of
                a dataset.
        """

    @abstractmethod
    def staged(self) -> AbstractContextManager[StagingDirectory]:
        """A directory to make the dataset in; it becomes the destination, whole, when the block ends without error.

        Raises:
            InputError: if nothing can be written there.
        """

    @abstractmethod
    def fetch(self, cache: Path) -> Path:
        """A folder of this machine that holds the dataset; if need be ``cache/KEY``, where it is copied to, once.

        Raises:
            InputError: if there is no dataset, or none that is whole.
        """


class LocalDestination(Destination):
    """A folder of this machine: see ``components.dataset.folder``."""

    def __init__(self, folder: Path):
        self.folder = folder

    def __str__(self) -> str:
        return str(self.folder)

    def find_intact(self) -> Manifest | None:
        return folders.find_intact(self.folder)

    def check_replaceable(self, key: str, force: bool) -> None:
        folders.check_replaceable(self.folder, key, force)

    @contextmanager
    def staged(self) -> Iterator[StagingDirectory]:
        with folders.staged(self.folder) as partial:
            yield StagingDirectory(partial, str(partial))

    def fetch(self, cache: Path) -> Path:
        return self.folder


class RemoteDestination(Destination):
    """A folder of a remote file system. It has no locks: of two launchers the later one to finish is refused."""

    def __init__(self, url: str):
        if set(url) & set("*?["):
            raise InputError(f"data_dir: found {url!r}, must be without wildcards (*, ?, [)")
        self.url = url.rstrip("/")

    def __str__(self) -> str:
        return self.url

    def _access(self) -> AbstractContextManager[None]:
        return remote_access(f"data_dir: {self.url}")

    def find_intact(self) -> Manifest | None:
        with self._access():
            sizes = sizes_below(self.url)
            manifest = self._manifest() if MANIFEST_FILE in sizes else None
            return manifest if manifest and folders.is_whole(manifest, sizes) else None

    def _manifest(self) -> Manifest | None:
        with suppress(InputError), open_raw(f"{self.url}/{MANIFEST_FILE}") as file:
            return Manifest.parse(file.read(), self.url)
        return None

    def check_replaceable(self, key: str, force: bool) -> None:
        with self._access():
            names = {path.split("/")[0] for path in sizes_below(self.url)}
            folders.check_foreign(self.url, (name for name in names if not name.startswith(_ATTEMPT)))
            # Without a manifest it is what an attempt left that was killed while it moved its files here.
            if MANIFEST_FILE in names and not force:
                found = self._manifest()
                if found is None or found.key != key:
                    raise folders.held(self.url, found.key if found else None, key)

    @contextmanager
    def staged(self) -> Iterator[StagingDirectory]:
        # A new name each time: the workers of a launcher that was killed may still be writing to theirs.
        staging = f"{self.url}/{_ATTEMPT}{uuid.uuid4().hex[:12]}"
        with self._access():
            write_file(f"{staging}/{_STARTED}", [b""])
        try:
            with tempfile.TemporaryDirectory(prefix="dataset-") as folder:
                yield StagingDirectory(Path(folder), staging)
                with self._access():
                    self._publish(Path(folder), staging)
        finally:
            with suppress(Exception):
                delete_folders([staging])

    def _publish(self, folder: Path, staging: str) -> None:
        """Replaces what is there by a finished dataset."""
        manifest = Manifest.load(folder)
        for file in folders.sizes(folder):
            if file != MANIFEST_FILE:
                write_file(f"{staging}/{file}", [(folder / file).read_bytes()])
        made = sizes_below(staging)
        if not folders.is_whole(manifest, made):
            raise InputError(f"data_dir: another process has put a dataset into {self.url} in the meantime")
        self._clear(keep=staging)
        files = sorted(made.keys() - {_STARTED})
        rename_files([f"{staging}/{file}" for file in files], [f"{self.url}/{file}" for file in files])
        write_file(f"{self.url}/{MANIFEST_FILE}", [(folder / MANIFEST_FILE).read_bytes()])

    def _clear(self, keep: str) -> None:
        """Removes the old dataset, its manifest first, and what other attempts left."""
        files = sizes_below(self.url)
        if MANIFEST_FILE in files:
            file_systems().delete([f"{self.url}/{MANIFEST_FILE}"])
        if loose := [f"{self.url}/{file}" for file in files if "/" not in file and file != MANIFEST_FILE]:
            file_systems().delete(loose)
        folders = {f"{self.url}/{file.split('/')[0]}" for file in files if "/" in file}
        delete_folders(sorted(folders - {keep}))

    def fetch(self, cache: Path) -> Path:
        with self._access():
            sizes = sizes_below(self.url)
            if MANIFEST_FILE not in sizes:
                raise InputError(f"data_dir: {self.url} holds no prepared dataset (no {MANIFEST_FILE})")
            with open_raw(f"{self.url}/{MANIFEST_FILE}") as file:
                manifest = Manifest.parse(file.read(), f"{self.url}/{MANIFEST_FILE}")
            folder = cache / manifest.key
            if folders.find_intact(folder) == manifest:
                return folder
            folders.check_replaceable(folder, manifest.key, force=True)
            needed = [file for file in sizes if not file.startswith(_NOT_FETCHED)]
            with folders.staged(folder) as partial, ThreadPoolExecutor(_FETCHED_AT_ONCE) as threads:
                list(threads.map(lambda file: download(f"{self.url}/{file}", partial / file), needed))
                if folders.find_intact(partial) != manifest:
                    raise InputError(f"data_dir: {self.url} holds a damaged dataset; prepare it again")
        return folder
