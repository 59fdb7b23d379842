"""What can be set about the server."""

from dataclasses import dataclass

from components.parameters import parameter
from components.serving.loading import FORMS


@dataclass(frozen=True)
class ServeParameters:
    """Which model answers, and where."""

    model: str = parameter(
        "models:/nmt-en-fr@champion",
        f"the model: {FORMS}",
    )
    host: str = parameter("127.0.0.1", "the address to listen on; 0.0.0.0: all of this machine's")
    port: int = parameter(5001, "the TCP port to listen on; 0: any free one", minimum=0, maximum=65535)
    max_texts: int = parameter(1000, "texts that one request may hold", minimum=1)
    max_characters: int = parameter(20_000, "characters that one request may hold, all texts together", minimum=1)
    page: bool = parameter(False, "also show a page on which a person can try the model, at /")
