"""Folders of a remote file system, as far as it has any: an object store has names with slashes in them."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from components.corpus.files import CHUNK, file_systems, open_raw, write_file


def sizes_below(url: str) -> dict[str, int]:
    """The files below ``url``: path relative to it → bytes."""
    found = file_systems().match([f"{url}/**"])[0].metadata_list
    paths = ((metadata.path[len(url) + 1 :], metadata.size_in_bytes) for metadata in found)
    # What ends in a slash only makes a folder show in the pages of an object store.
    return {path: size for path, size in paths if path and not path.endswith("/")}


def rename_files(old: Sequence[str], new: Sequence[str]) -> None:
    """Renames files one by one, making folders where there are folders."""
    systems = file_systems()
    if systems.get_filesystem(new[0]).has_dirs():
        for folder in sorted({path.rpartition("/")[0] for path in new}):
            if not systems.exists(folder):
                systems.mkdirs(folder)
    systems.rename(list(old), list(new))


def delete_folders(urls: Iterable[str]) -> None:
    """Deletes all that is below each of them; an object store, which has no folders, wants a slash behind the name."""
    if urls := list(urls):
        slash = "" if file_systems().get_filesystem(urls[0]).has_dirs() else "/"
        file_systems().delete([url + slash for url in urls])


def download(url: str, path: Path) -> None:
    """Copies a remote file to this machine, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open_raw(url) as source, open(path, "wb") as file:
        while chunk := source.read(CHUNK):
            file.write(chunk)


def upload(path: Path, url: str) -> None:
    """Copies a file of this machine to a remote file system."""
    write_file(url, _chunks(path))


def _chunks(path: Path) -> Iterator[bytes]:
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk
