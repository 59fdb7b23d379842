"""What every worker must know to translate its part of a file. Plain values; picklable."""

from dataclasses import dataclass
from pathlib import Path

from components.serving.options import TranslationOptions
from components.translation.formats import Format
from components.translation.workspace import Workspace


@dataclass(frozen=True)
class Job:
    """The input and the folder of the packaged model, where every worker finds them, and where the output goes."""

    source: Path
    format: Format
    workspace: Workspace
    model: Path
    options: TranslationOptions
