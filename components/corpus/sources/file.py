"""What the forms that are one file have in common."""

from abc import ABC
from dataclasses import dataclass

from components.corpus.files import check_file, file_digest, file_size


@dataclass(frozen=True)
class FileSource(ABC):
    """A file that holds pairs, whatever its form."""

    path: str

    @property
    def name(self) -> str:
        return self.path

    def check(self) -> None:
        check_file(self.path)

    def digest(self) -> str:
        return file_digest(self.path)

    def size(self) -> int:
        return file_size(self.path)
