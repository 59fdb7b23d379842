"""What can be set about training."""

from dataclasses import dataclass

from components.parameters import parameter

# What stands in for the defaults where a training begins from another model: small steps, for weights that are good
# already, and small batches, for a corpus that is small.
ADAPTING = {"learning_rate": 0.001, "warmup_steps": 20, "batch_tokens": 2048, "epochs": 8}


@dataclass(frozen=True)
class TrainingParameters:
    """How the model is fitted. Everything here decides the weights."""

    batch_tokens: int = parameter(4096, "target positions in a batch", minimum=1)
    epochs: int = parameter(6, "passes over the training data, at the most", minimum=1)
    max_minutes: float = parameter(
        0.0,
        "minutes for training and validation; the learning rate falls over them, or over `epochs`, whichever end first;"
        " 0: no limit",
        minimum=0,
    )
    learning_rate: float = parameter(0.003, "peak learning rate", minimum=1e-8)
    warmup_steps: int = parameter(100, "steps over which the learning rate rises to its peak", minimum=0)
    clip_norm: float = parameter(5.0, "global norm to which gradients are clipped; 0: not clipped", minimum=0)
    best_by: str = parameter(
        "val_loss", "what the best weights are chosen by, and what patience looks at", choices=("val_loss", "val_bleu")
    )
    patience: int = parameter(3, "epochs without a better `best_by` before training stops; 0: never", minimum=0)
    averaged_epochs: int = parameter(
        1,
        "at the end, the weights after so many epochs are averaged, and kept if better than the best; 1: not averaged",
        minimum=1,
    )
    noise: float = parameter(
        0.2,
        "how carelessly training types some sentences (slips, another case, no full stop, names to copy …); 0: not",
        minimum=0,
        maximum=1,
    )
    precision: str = parameter(
        "mixed_bfloat16",
        "number format of the products in encoder and decoder; float32 for CPUs without bfloat16 instructions",
        choices=("float32", "mixed_bfloat16"),
    )
    seed: int = parameter(42, "of initial weights, order, dropout and candidates", minimum=0, maximum=2**31 - 1)
