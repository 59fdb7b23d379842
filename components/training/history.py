"""What training reports while it runs, and the file that keeps it: a run that resumes knows the curve it continues."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from components.errors import InputError

HISTORY_FILE = "history.jsonl"


@dataclass(frozen=True)
class Example:
    """A held-out sentence, its reference and the model's translation."""

    source: str
    reference: str
    translation: str


@dataclass(frozen=True)
class Steps:
    """A few steps were trained. ``step`` counts from the start of training; ``total_steps`` is where it will end, as
    far as the clock lets one say.

    Over these steps ``metrics`` holds ``train_sampled_loss`` (``train_loss`` with the full softmax; nats per target
    token, over its tokens), the mean ``gradient_norm`` before clipping, ``target_tokens_per_second`` (padding not
    counted), ``padding_share`` of the target positions and ``seconds_waiting_for_data``, their sum; and the
    ``learning_rate`` of the last.
    """

    step: int
    total_steps: int
    metrics: dict[str, float]

    @property
    def loss(self) -> float:
        """The training loss, sampled or full."""
        return self.metrics["train_sampled_loss" if "train_sampled_loss" in self.metrics else "train_loss"]


@dataclass(frozen=True)
class Epoch:
    """An epoch, or the last part of one, was trained and validated. ``best``: better than all before."""

    epoch: int
    step: int
    metrics: dict[str, float]
    examples: tuple[Example, ...]
    best: bool


@dataclass(frozen=True)
class Average:
    """Training is over, and the mean of the weights after its last ``epochs`` epochs was validated.

    ``best``: better than each of them, and what is kept.
    """

    epochs: int
    step: int
    metrics: dict[str, float]
    best: bool


Progress = Steps | Epoch | Average


class History:
    """The events of a training, in order, as a file beside its checkpoints.

    Args:
        folder: the checkpoint folder of the training.
        is_saved: whether an event of an earlier process is part of the state that this one resumes. Steps after that
            process's last checkpoint are trained and reported again.

    Raises:
        InputError: if the folder cannot be written.
    """

    def __init__(self, folder: Path, is_saved: Callable[[Steps | Epoch], bool]):
        self._file = folder / HISTORY_FILE
        lines = self._file.read_text(encoding="utf-8").splitlines(keepends=True) if self._file.exists() else []
        # A process that was killed may have left half a line.
        self.events = [event for line in lines if line.endswith("\n") and is_saved(event := _parse(line))]
        folder.mkdir(parents=True, exist_ok=True)
        partial = self._file.with_suffix(".partial")
        with self._writing():
            partial.write_text("".join(map(_format, self.events)), encoding="utf-8")
            partial.replace(self._file)

    def add(self, event: Steps | Epoch) -> None:
        """Appends an event.

        Raises:
            InputError: if it cannot be written.
        """
        with self._writing(), self._file.open("a", encoding="utf-8") as file:
            file.write(_format(event))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise InputError(
                f"checkpoint_dir: {self._file} cannot be written: {error.strerror}; what was saved before is kept, and"
                " the same command goes on from there"
            ) from None


def _format(event: Steps | Epoch) -> str:
    return json.dumps({"kind": type(event).__name__, **asdict(event)}, ensure_ascii=False) + "\n"


def _parse(line: str) -> Steps | Epoch:
    values = json.loads(line)
    if values.pop("kind") == Steps.__name__:
        return Steps(**values)
    return Epoch(**{**values, "examples": tuple(Example(**example) for example in values["examples"])})
