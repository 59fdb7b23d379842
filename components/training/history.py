"""What a training told so far, kept beside its checkpoints: a run that goes on knows the curve it continues."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from components.errors import InputError
from components.training.progress import Epoch, Example, Steps

HISTORY_FILE = "history.jsonl"


class History:
    """The events of a training in the order in which they were told.

    Args:
        folder: the checkpoint folder of the training.
        stands: whether an event that an earlier process told is part of the state that this one goes on from. What
            that process did after its last checkpoint is done again, and told again.

    Raises:
        InputError: if the folder cannot be written.
    """

    def __init__(self, folder: Path, stands: Callable[[Steps | Epoch], bool]):
        self._file = folder / HISTORY_FILE
        told = self._file.read_text(encoding="utf-8").splitlines(keepends=True) if self._file.exists() else []
        # A process that was killed may have left half a line.
        self.events = [event for line in told if line.endswith("\n") and stands(event := _event(line))]
        folder.mkdir(parents=True, exist_ok=True)
        partial = self._file.with_suffix(".partial")
        with self._written():
            partial.write_text("".join(map(_line, self.events)), encoding="utf-8")
            partial.replace(self._file)

    def add(self, event: Steps | Epoch) -> None:
        """Keeps an event.

        Raises:
            InputError: if it cannot be written.
        """
        with self._written(), self._file.open("a", encoding="utf-8") as file:
            file.write(_line(event))

    @contextmanager
    def _written(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise InputError(
                f"checkpoint_dir: {self._file} cannot be written: {error.strerror}; what was saved before is kept, and"
                " the same command goes on from there"
            ) from None


def _line(event: Steps | Epoch) -> str:
    return json.dumps({"kind": type(event).__name__, **asdict(event)}, ensure_ascii=False) + "\n"


def _event(line: str) -> Steps | Epoch:
    told = json.loads(line)
    if told.pop("kind") == Steps.__name__:
        return Steps(**told)
    return Epoch(**{**told, "examples": tuple(Example(**example) for example in told["examples"])})
