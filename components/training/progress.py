"""What training tells while it runs. Data: who shows or records it decides how."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Example:
    """A held-out sentence, its reference and what the model makes of it."""

    source: str
    reference: str
    translation: str


@dataclass(frozen=True)
class Steps:
    """A few steps were trained. ``step`` counts from the start of training, ``total_steps`` is where it ends.

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
        """The training loss, whichever it is."""
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
