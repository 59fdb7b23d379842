"""What every worker must know to translate its part of a file. Plain values; picklable."""

from dataclasses import dataclass

from components.serving.options import TranslationOptions
from components.translation.formats import Format
from components.translation.workspace import Workspace


@dataclass(frozen=True)
class Job:
    """The input and the folder of the packaged model (paths or URLs), where every worker finds them, and the output."""

    source: str
    format: Format
    workspace: Workspace
    model: str
    options: TranslationOptions
