"""Files of any file system that Beam knows; local ones are opened without Beam, whose import takes seconds."""

import glob
import gzip
import hashlib
import os
import shutil
import zlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.errors import InputError

CHUNK = 8 << 20
# Lines between two positions in a file that reading can start from.
STRIDE = 1 << 18
# So many workers read a compressed file at once, each of them all of it, and keep every so-many-th block.
STRIPES = 2
# A remote file is scanned by so many threads, so many bytes at a time: one connection alone is slow.
_SCANNERS, _SCANNED = 8, 32 << 20
# Text is this much larger than its gzip file, roughly.
GZIP_RATIO = 4
PARTIAL = ".partial"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
DAMAGED = (EOFError, zlib.error, gzip.BadGzipFile)


def is_remote(path: str) -> bool:
    """Whether the path names a file system (``gs://…``)."""
    return "://" in path


def is_gzip(path: str) -> bool:
    return path.endswith(".gz")


def file_systems() -> Any:
    """Beam's ``FileSystems``."""
    from apache_beam.io.filesystems import FileSystems

    return FileSystems


@contextmanager
def remote_access(path: str) -> Iterator[None]:
    """Turns whatever a remote file system raises into one line; each has exceptions of its own.

    Raises:
        InputError: if the block fails, naming the path.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{path} cannot be accessed: {reason}") from error


def exists(path: str) -> bool:
    if not is_remote(path):
        return Path(path).is_file()
    with remote_access(path):
        return file_systems().exists(path)


def check_file(path: str) -> None:
    """Checks that there is a file that may be read; symbolic links are followed.

    Raises:
        InputError: if not.
    """
    if is_remote(path):
        if not exists(path):
            raise InputError(f"there is no file {path}")
        return
    try:
        if not Path(path).is_file():
            found = "is a folder" if Path(path).is_dir() else "is no regular file"
            raise InputError(f"{path} {found}; must be a file" if Path(path).exists() else f"there is no file {path}")
        open(path, "rb").close()
    except PermissionError:
        raise InputError(f"{path} cannot be read: permission denied") from None


def matching(pattern: str) -> list[str]:
    """The files that a glob stands for, in no particular order."""
    if not is_remote(pattern):
        return [path for path in glob.glob(pattern, recursive=True) if Path(path).is_file()]
    with remote_access(pattern):
        return [metadata.path for metadata in file_systems().match([pattern])[0].metadata_list]


def file_size(path: str) -> int:
    """Bytes of plain text, roughly."""
    stored = _metadata(path).size_in_bytes if is_remote(path) else Path(path).stat().st_size
    return stored * (GZIP_RATIO if is_gzip(path) else 1)


def file_digest(path: str) -> str:
    """A digest of the file's content: for a remote file its file system's checksum, if that has any."""
    if not is_remote(path):
        return scan(path).digest or ""
    with remote_access(path):
        size, checksum = str(_metadata(path).size_in_bytes), file_systems().checksum(path)
        # A file system without checksums gives the size.
        return f"{checksum} {size}" if checksum != size else _sha256(path)


def _metadata(path: str) -> Any:
    with remote_access(path):
        return file_systems().match([path])[0].metadata_list[0]


def _sha256(path: str) -> str:
    with open_raw(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


def open_raw(path: str) -> BinaryIO:
    """The file's bytes as they are stored."""
    if not is_remote(path):
        return open(path, "rb")
    from apache_beam.io.filesystem import CompressionTypes

    with remote_access(path):
        return file_systems().open(path, compression_type=CompressionTypes.UNCOMPRESSED)


def open_text(path: str) -> BinaryIO:
    """The file's bytes, decompressed if its name ends in ``.gz``."""
    file = open_raw(path)
    return gzip.GzipFile(fileobj=file) if is_gzip(path) else file  # type: ignore[return-value]


def line_arrays(path: str, offset: int = 0) -> Iterator[pa.Array]:
    """The lines of a file from a byte on, without their ends, as Arrow arrays (binary) of about ``CHUNK`` bytes.

    Raises:
        InputError: if the file is a damaged or truncated gzip file.
    """
    rest = b""
    with open_text(path) as file:
        file.seek(offset)
        chunks = _chunks(file, path)
        for chunk in chunks:
            # A line longer than a chunk is joined here; bytes.join keeps that linear.
            pieces = [rest, chunk]
            while b"\n" not in pieces[-1] and (more := next(chunks, b"")):
                pieces.append(more)
            complete, newline, rest = b"".join(pieces).rpartition(b"\n")
            if newline:
                yield _split_lines(complete)
    if rest:
        yield _split_lines(rest)


def _chunks(file: BinaryIO, path: str) -> Iterator[bytes]:
    begins = file.tell() == 0
    try:
        while chunk := file.read(CHUNK):
            yield chunk.removeprefix(_BYTE_ORDER_MARK) if begins else chunk
            begins = False
    except DAMAGED as error:
        raise InputError(f"{path} is a damaged or truncated gzip file ({error})") from None


def _split_lines(text: bytes) -> pa.Array:
    lines = pc.split_pattern(pa.array([text], pa.binary()), "\n").flatten()
    returns = pc.ends_with(lines, "\r")
    return pc.if_else(returns, pc.binary_slice(lines, 0, -1), lines) if pc.any(returns).as_py() else lines


@dataclass(frozen=True)
class Scan:
    """What one pass over a file finds: its digest, its lines, and where every ``STRIDE``-th line begins (bytes).

    ``lines`` is None and ``starts`` begins and ends with 0 for a compressed file. ``digest`` is None for a remote one:
    see :func:`file_digest`.
    """

    digest: str | None
    lines: int | None
    starts: tuple[int, ...]

    def lines_from(self, start: int) -> int | None:
        """How many lines there are from ``starts[start]`` to the next start, or to the end."""
        return None if self.lines is None else min(STRIDE, self.lines - start * STRIDE)


def scan(path: str) -> Scan:
    """Reads the file once (remembered as long as it does not change), unless it is remote and compressed."""
    if is_remote(path):
        metadata = _metadata(path)
        return _scan(path, metadata.size_in_bytes, metadata.last_updated_in_seconds)
    status = Path(path).stat()
    return _scan(path, status.st_size, status.st_mtime_ns)


def shrunk(path: str) -> InputError:
    """What to raise where a file ends before all the lines that :func:`scan` found in it."""
    return InputError(f"{path} holds fewer lines than when it was looked at; it must not change while it is read")


@lru_cache(maxsize=4096)
def _scan(path: str, size: int, modified: float) -> Scan:
    if is_gzip(path):
        return Scan(None if is_remote(path) else _sha256(path), None, (0,))
    digest = None if is_remote(path) else hashlib.sha256()
    lines, end, starts = 0, 0, [0]
    for begin, ends in _local_line_ends(path, digest) if digest else _remote_line_ends(path, size):
        # The line after the k-th newline of the file is line k (from 0): which newlines precede a stride's start?
        starts.extend(begin + int(position) + 1 for position in ends[(-lines - 1) % STRIDE :: STRIDE])
        lines += len(ends)
        if len(ends):
            end = begin + int(ends[-1]) + 1
    # A last line may lack its end. A byte order mark with nothing behind it is no line.
    if end < size and not _holds_mark_alone(path, size):
        lines += 1
    # An empty file has one start too, with nothing behind it.
    starts_within = tuple(start for start in starts if start < size) or (0,)
    return Scan(digest.hexdigest() if digest else None, lines, starts_within)


def _local_line_ends(path: str, digest: "hashlib._Hash") -> Iterator[tuple[int, np.ndarray]]:
    """Offsets of chunks, and where in them the line ends are. Updates the digest."""
    offset = 0
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            yield offset, _newlines(chunk)
            offset += len(chunk)


def _remote_line_ends(path: str, size: int) -> Iterator[tuple[int, np.ndarray]]:
    offsets = range(0, size, _SCANNED)

    def read(offset: int) -> np.ndarray:
        with remote_access(path), open_raw(path) as file:
            file.seek(offset)
            return _newlines(file.read(_SCANNED)).astype(np.uint32)

    with ThreadPoolExecutor(_SCANNERS) as threads:
        yield from zip(offsets, threads.map(read, offsets), strict=True)


def _newlines(data: bytes) -> np.ndarray:
    return np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n"))


def _holds_mark_alone(path: str, size: int) -> bool:
    if size != len(_BYTE_ORDER_MARK):
        return False
    with remote_access(path), open_raw(path) as file:
        return file.read() == _BYTE_ORDER_MARK


def write_file(path: str, pieces: Iterable[bytes]) -> int:
    """Writes a file, making its folder; returns how many bytes it has. It appears whole.

    A distributed runner may write it a second time while a worker that it has given up is still writing. What that one
    leaves behind ends in ``PARTIAL``.

    Raises:
        InputError: if a file of this machine cannot be written: its disk is full, say.
    """
    if is_remote(path):
        from apache_beam.io.filesystem import CompressionTypes

        with file_systems().create(path, compression_type=CompressionTypes.UNCOMPRESSED) as file:
            return _write(file, pieces)
    written = f"{path}.{uuid4().hex}{PARTIAL}"
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with open(written, "wb") as file:
            size = _write(file, pieces)
        os.replace(written, path)
    except OSError as error:
        raise InputError(f"data_dir: {path} cannot be written: {error.strerror}") from None
    return size


def _write(file: BinaryIO, pieces: Iterable[bytes]) -> int:
    return sum(file.write(piece) or len(piece) for piece in pieces)


def remove_file(path: str) -> None:
    if not is_remote(path):
        Path(path).unlink()
        return
    with remote_access(path):
        file_systems().delete([path])


def download(url: str, path: Path) -> None:
    """Copies a remote file to this machine, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open_raw(url) as source, open(path, "wb") as file:
        shutil.copyfileobj(source, file, CHUNK)


def upload(path: Path, url: str) -> None:
    """Copies a file of this machine to a remote file system."""
    with open(path, "rb") as file:
        write_file(url, iter(partial(file.read, CHUNK), b""))


def sizes_below(url: str) -> dict[str, int]:
    """The files below a remote folder: path relative to it → bytes."""
    found = file_systems().match([f"{url}/**"])[0].metadata_list
    paths = ((metadata.path[len(url) + 1 :], metadata.size_in_bytes) for metadata in found)
    # What ends in a slash only makes a folder show in the pages of an object store.
    return {path: size for path, size in paths if path and not path.endswith("/")}


def rename_files(old: Sequence[str], new: Sequence[str]) -> None:
    """Renames remote files one by one, making folders where the file system has folders."""
    systems = file_systems()
    if systems.get_filesystem(new[0]).has_dirs():
        for folder in sorted({path.rpartition("/")[0] for path in new}):
            if not systems.exists(folder):
                systems.mkdirs(folder)
    systems.rename(list(old), list(new))


def delete_folders(urls: Iterable[str]) -> None:
    """Deletes all that is below each; an object store, which has no folders, needs a slash at the end of the name."""
    if urls := list(urls):
        slash = "" if file_systems().get_filesystem(urls[0]).has_dirs() else "/"
        file_systems().delete([url + slash for url in urls])
