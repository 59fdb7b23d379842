"""A remote file system for tests: ``trial://…``, registered with Beam as any other, the files in a local folder."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from apache_beam.io.filesystem import FileMetadata
from apache_beam.io.localfilesystem import LocalFileSystem

SCHEME = "trial"


class TrialFileSystem(LocalFileSystem):
    """Workers that are threads of this process see it, too."""

    root: ClassVar[Path]

    @classmethod
    def scheme(cls) -> str:
        return SCHEME

    def _local(self, url: str) -> str:
        # The methods that are extended here call one another, with paths.
        return url.replace(f"{SCHEME}://", f"{self.root}/")

    def _url_dirname(self, url_or_path: str) -> str:
        return url_or_path.rpartition("/")[0]

    def _list(self, dir_or_prefix: str) -> Iterator[FileMetadata]:
        for found in super()._list(self._local(dir_or_prefix)):
            url = f"{SCHEME}://{found.path[len(str(self.root)) + 1 :]}"
            yield FileMetadata(url, found.size_in_bytes, found.last_updated_in_seconds)

    def _path_open(self, path: str, *rest: Any, **options: Any) -> Any:
        return super()._path_open(self._local(path), *rest, **options)

    def create(self, path: str, *rest: Any, **options: Any) -> Any:
        Path(self._local(path)).parent.mkdir(parents=True, exist_ok=True)
        return self._path_open(path, "wb", *rest, **options)

    def mkdirs(self, path: str) -> None:
        super().mkdirs(self._local(path))

    def exists(self, path: str) -> bool:
        return Path(self._local(path)).exists()

    def metadata(self, path: str) -> FileMetadata:
        status = Path(self._local(path)).stat()
        return FileMetadata(path, status.st_size, status.st_mtime)

    def checksum(self, path: str) -> str:
        return super().checksum(self._local(path))

    def rename(self, source_file_names: list[str], destination_file_names: list[str]) -> None:
        super().rename(*([self._local(url) for url in urls] for urls in (source_file_names, destination_file_names)))

    def copy(self, source_file_names: list[str], destination_file_names: list[str]) -> None:
        super().copy(*([self._local(url) for url in urls] for urls in (source_file_names, destination_file_names)))

    def delete(self, paths: list[str]) -> None:
        super().delete([self._local(url) for url in paths])
