"""The workspace of an output on a remote file system (``gs://…``), which becomes shards: nothing can be appended there.

The shards are cut and numbered in the order of the input, whichever worker wrote them.
"""

import hashlib
import os
import re
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from components.corpus.files import PARTIAL, file_systems, open_raw, reaching, write_file
from components.corpus.remote_folders import delete_folders, rename_files, sizes_below, upload
from components.errors import InputError
from components.translation.formats import Format
from components.translation.rows import Part
from components.translation.workspace import PARTS_SUFFIX, PLAN, Workspace

_MODEL = "model"


def shards_of(output: str) -> re.Pattern[str]:
    """The URLs of an output's shards, however many there are."""
    stem, ending = os.path.splitext(output)
    return re.compile(rf"{re.escape(stem)}-\d{{5,}}-of-\d{{5,}}{re.escape(ending)}")


class RemoteWorkspace(Workspace):
    """The folder ``OUTPUT.parts/KEY``, KEY being a digest of the plan: runs of another plan have folders of their own.

    Nobody keeps two runs of the same plan apart there; they write the same. The workers of a launcher that was killed
    may do so, too.

    Args:
        output: URL; ``gs://BUCKET/out.jsonl`` becomes ``gs://BUCKET/out-00000-of-00012.jsonl`` and so on.
        plan: see :meth:`opened`.
        shares_files: whether the workers see the files of this machine.
    """

    period = 5.0

    def __init__(self, output: str, plan: str, shares_files: bool):
        super().__init__(output)
        self._shares_files = shares_files
        self._stem, self._ending = os.path.splitext(output)
        self._folder = f"{output}{PARTS_SUFFIX}/{hashlib.sha256(plan.encode()).hexdigest()[:16]}"

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        with reaching(f"output: {self.output}"):
            yield

    @contextmanager
    def opened(self, plan: str) -> Iterator[None]:
        with self._reaching():
            # What cannot be written to is found out before the workers are started.
            write_file(f"{self._folder}/{PLAN}", [plan.encode()])
        try:
            yield
        except InputError:
            with suppress(Exception):
                if not self.finished():
                    delete_folders([self._folder])
            raise

    def model(self, folder: Path) -> str:
        """Beside the output, unless the workers see the files of this machine."""
        if self._shares_files:
            return str(folder.absolute())
        url = f"{self._folder}/{_MODEL}"
        files = {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*")) if path.is_file()}
        with self._reaching():
            there = sizes_below(url)
            for name, path in files.items():
                # What an earlier run has put there need not go there again.
                if there.get(name) != path.stat().st_size:
                    upload(path, f"{url}/{name}")
        return url

    def finished(self) -> set[str]:
        with self._reaching():
            return {name for name in sizes_below(self._folder) if re.match(r"part-\d+", name) and PARTIAL not in name}

    @contextmanager
    def appearing(self, name: str) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="part-") as scratch:
            path = Path(scratch, name)
            yield path
            with self._reaching():
                partial = f"{self._folder}/{name}.{uuid.uuid4().hex}{PARTIAL}"
                upload(path, partial)
                try:
                    rename_files([partial], [f"{self._folder}/{name}"])
                except Exception:
                    # Some file systems do not rename to what is there: another worker was faster, with the same rows.
                    if not file_systems().exists(f"{self._folder}/{name}"):
                        raise
                    file_systems().delete([partial])

    def read(self, name: str) -> str:
        with self._reaching(), open_raw(f"{self._folder}/{name}") as file:
            return file.read().decode("utf-8")

    def publish(self, format: Format, parts: Sequence[Part], failures: Sequence[str]) -> str:
        """All shards are there when there are as many as their names say; those of an earlier output go after that."""
        shards = [self._shard(f"{index:05d}", f"{len(parts):05d}") for index in range(len(parts))]
        with self._reaching():
            systems = file_systems()
            found = [metadata.path for metadata in systems.match([self._shard("*", "*")])[0].metadata_list]
            earlier = {path for path in found if shards_of(self.output).fullmatch(path)}
            # Some file systems do not copy to what is there; and old ones among the new would look complete.
            replaced = sorted(earlier & set(shards)) + ([self.failures] if systems.exists(self.failures) else [])
            if replaced:
                systems.delete(replaced)
            if failures:
                write_file(self.failures, (f"{line}\n".encode() for line in failures))
            # Not renamed: who is killed here finds all of them finished the next time.
            systems.copy([f"{self._folder}/{self.part(part)}" for part in parts], shards)
            if outdated := sorted(earlier - set(shards)):
                systems.delete(outdated)
        return self._shard("*", f"{len(parts):05d}")

    def _shard(self, index: str, count: str) -> str:
        return f"{self._stem}-{index}-of-{count}{self._ending}"

    def remove(self) -> None:
        with suppress(Exception):
            delete_folders([self._folder])
