"""The packaged translator that echoes, as in ``tests.serving``."""

from tests.serving.conftest import exported, packaged, translator

__all__ = ["exported", "packaged", "translator"]
