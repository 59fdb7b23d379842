"""The rooms of the workflow. None imports ``pipelines``; contracts in ``pyproject.toml`` keep them apart."""
