"""What can be set about the model."""

from dataclasses import dataclass

from components.errors import InputError
from components.parameters import parameter

# Those that decide which weights there are; the others may change when a model is trained further.
SHAPE = ("embedding_size", "units", "layers", "encoder", "attention", "tie_embeddings")


@dataclass(frozen=True)
class ModelParameters:
    """The shape of the encoder–decoder, and its loss."""

    embedding_size: int = parameter(256, "size of the token embeddings", minimum=1)
    units: int = parameter(512, "size of the LSTM states", minimum=1)
    layers: int = parameter(1, "LSTM layers in encoder and decoder", minimum=1, maximum=4)
    encoder: str = parameter("unidirectional", "how the encoder reads", choices=("unidirectional", "bidirectional"))
    attention: str = parameter(
        "scaled_luong",
        "how source positions are scored at each step; none: the decoder has the final state alone; luong: by a learnt"
        " product; scaled_luong: the same divided by √units; bahdanau: by a small network, slower (beside a"
        " bidirectional encoder, luong learns better)",
        choices=(
            "none",
            "luong",
            "scaled_luong",
            "bahdanau",
        ),
    )
    dropout: float = parameter(0.2, "share of activations dropped in training", minimum=0, maximum=0.9)
    word_dropout: float = parameter(0.0, "share of words not shown to the model in training", minimum=0, maximum=0.9)
    tie_embeddings: bool = parameter(False, "use the target embedding as the projection to the vocabulary")
    num_sampled: int = parameter(1024, "candidates of sampled softmax in training; 0: full softmax", minimum=0)
    label_smoothing: float = parameter(
        0.0, "probability spread over the vocabulary (full softmax only)", minimum=0, maximum=0.9
    )

    def __post_init__(self) -> None:
        if self.encoder == "bidirectional" and self.units % 2:
            raise InputError(f"units: found {self.units}, must be even for a bidirectional encoder")
        if self.label_smoothing and self.num_sampled:
            raise InputError(
                f"label_smoothing: found {self.label_smoothing} with num_sampled={self.num_sampled}, must be 0 unless"
                " num_sampled is 0 (full softmax)"
            )
