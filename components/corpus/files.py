"""Files of any file system that Beam knows; local ones are opened without Beam, whose import takes seconds."""

import glob
import gzip
import hashlib
import os
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components.errors import InputError

CHUNK = 8 << 20
# Lines between two places in a file that reading can start from.
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
def reaching(path: str) -> Iterator[None]:
    """Tells in one line what a remote file system complains of; each has errors of its own.

    Raises:
        InputError: if the block fails, naming the path.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"{path} cannot be reached: {reason}") from error


def exists(path: str) -> bool:
    if not is_remote(path):
        return Path(path).is_file()
    with reaching(path):
        return file_systems().exists(path)


def check_file(path: str) -> None:
    """Looks whether there is a file that may be read; symbolic links are followed.

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
    with reaching(pattern):
        return [metadata.path for metadata in file_systems().match([pattern])[0].metadata_list]


def open_raw(path: str) -> BinaryIO:
    """The file's bytes as they are stored."""
    if not is_remote(path):
        return open(path, "rb")
    systems = file_systems()
    from apache_beam.io.filesystem import CompressionTypes

    with reaching(path):
        return systems.open(path, compression_type=CompressionTypes.UNCOMPRESSED)


def open_text(path: str) -> BinaryIO:
    """The file's bytes, decompressed if its name ends in ``.gz``."""
    file = open_raw(path)
    return gzip.GzipFile(fileobj=file) if is_gzip(path) else file  # type: ignore[return-value]


def file_size(path: str) -> int:
    """Bytes of plain text, roughly."""
    stored = _metadata(path).size_in_bytes if is_remote(path) else Path(path).stat().st_size
    return stored * (GZIP_RATIO if is_gzip(path) else 1)


@dataclass(frozen=True)
class Scan:
    """What one pass over a file tells: its digest, its lines, and where every ``STRIDE``-th line begins (bytes).

    ``lines`` is None and ``starts`` begins and ends with 0 for a compressed file. ``digest`` is None for a remote one:
    see :func:`file_digest`.
    """

    digest: str | None
    lines: int | None
    starts: tuple[int, ...]

    def lines_from(self, start: int) -> int | None:
        """How many lines there are from ``starts[start]`` to the next start, or to the end."""
        return None if self.lines is None else min(STRIDE, self.lines - start * STRIDE)


@lru_cache(maxsize=4096)
def _scan(path: str, size: int, modified: int) -> Scan:
    digest, lines, offset, last = hashlib.sha256(), 0, 0, b"\n"
    starts = [0]
    with open_raw(path) as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            if is_gzip(path):
                continue
            ends = np.flatnonzero(np.frombuffer(chunk, np.uint8) == ord("\n"))
            # The line after the k-th newline of the file is line k (from 0): which newlines precede a stride's start?
            first = (-lines - 1) % STRIDE
            starts.extend(offset + int(end) + 1 for end in ends[first::STRIDE])
            lines, offset, last = lines + len(ends), offset + len(chunk), chunk[-1:]
    if is_gzip(path):
        return Scan(digest.hexdigest(), None, (0,))
    if last != b"\n" and not _holds_mark_alone(path, size):
        lines += 1
    # An empty file has one part too, with nothing in it.
    return Scan(digest.hexdigest(), lines, tuple(start for start in starts if start < offset) or (0,))


@lru_cache(maxsize=4096)
def _scan_remote(path: str, size: int, modified: float) -> Scan:
    if is_gzip(path):
        return Scan(None, None, (0,))
    lines, ends_whole, starts, begins = 0, True, [0], range(0, size, _SCANNED)
    with ThreadPoolExecutor(_SCANNERS) as threads:
        parts = threads.map(lambda begin: _line_ends(path, begin), begins)
        for begin, ends in zip(begins, parts, strict=True):
            starts.extend(begin + int(end) + 1 for end in ends[(-lines - 1) % STRIDE :: STRIDE])
            lines += len(ends)
            ends_whole = bool(len(ends)) and begin + int(ends[-1]) + 1 == size
    lines += not (ends_whole or _holds_mark_alone(path, size))
    return Scan(None, lines, tuple(start for start in starts if start < size) or (0,))


def _line_ends(path: str, begin: int) -> np.ndarray:
    """Where in the ``_SCANNED`` bytes from ``begin`` on the line ends are."""
    with reaching(path), open_raw(path) as file:
        file.seek(begin)
        return np.flatnonzero(np.frombuffer(file.read(_SCANNED), np.uint8) == ord("\n")).astype(np.uint32)


def _holds_mark_alone(path: str, size: int) -> bool:
    """Whether there is nothing in the file but a byte order mark, which is no line."""
    if size != len(_BYTE_ORDER_MARK):
        return False
    with reaching(path), open_raw(path) as file:
        return file.read() == _BYTE_ORDER_MARK


def scan(path: str) -> Scan:
    """Reads the file once (remembered as long as it does not change), unless it is remote and compressed."""
    if is_remote(path):
        metadata = _metadata(path)
        return _scan_remote(path, metadata.size_in_bytes, metadata.last_updated_in_seconds)
    status = Path(path).stat()
    return _scan(path, status.st_size, status.st_mtime_ns)


def shrunk(path: str) -> InputError:
    """What to raise where a file ends before all the lines that :func:`scan` found in it."""
    return InputError(f"{path} holds fewer lines than when it was looked at; it must not change while it is read")


def file_digest(path: str) -> str:
    """A digest of the file's content: for a remote file its file system's checksum, if that has any."""
    if not is_remote(path):
        return scan(path).digest or ""
    with reaching(path):
        size, checksum = str(_metadata(path).size_in_bytes), file_systems().checksum(path)
        # A file system without checksums gives the size.
        if checksum != size:
            return f"{checksum} {size}"
        digest = hashlib.sha256()
        with open_raw(path) as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
        return digest.hexdigest()


def _metadata(path: str) -> Any:
    with reaching(path):
        return file_systems().match([path])[0].metadata_list[0]


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
            # A line longer than a chunk is glued together here; bytes.join keeps that linear.
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


def write_file(path: str, pieces: Iterable[bytes]) -> int:
    """Writes a file, making its folder; says how many bytes it has. It appears whole.

    A distributed runner may write it a second time while a worker that it has given up is still at it. What that one
    leaves behind ends in ``PARTIAL``.

    Raises:
        InputError: if a file of this machine cannot be written: its disk is full, say.
    """
    if is_remote(path):
        return _write(path, pieces)
    written = f"{path}.{uuid4().hex}{PARTIAL}"
    try:
        size = _write(written, pieces)
        os.replace(written, path)
    except OSError as error:
        raise InputError(f"data_dir: {path} cannot be written: {error.strerror}") from None
    return size


def _write(path: str, pieces: Iterable[bytes]) -> int:
    size = 0
    with _create(path) as file:
        for piece in pieces:
            size += file.write(piece) or len(piece)
    return size


def remove_file(path: str) -> None:
    if not is_remote(path):
        Path(path).unlink()
        return
    with reaching(path):
        file_systems().delete([path])


def _create(path: str) -> BinaryIO:
    if not is_remote(path):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        return open(path, "wb")
    systems = file_systems()
    from apache_beam.io.filesystem import CompressionTypes

    return systems.create(path, compression_type=CompressionTypes.UNCOMPRESSED)
