"""The code is formatted, linted and typed, and the rooms keep to their contracts."""

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent

CHECKS = {
    "format": ["ruff", "format", "--check", "--no-cache", "."],
    "lint": ["ruff", "check", "--no-cache", "."],
    "types": ["mypy"],
    "contracts": ["lint-imports"],
}


@pytest.mark.parametrize("check", CHECKS)
def test_code_passes(check: str) -> None:
    tool, *arguments = CHECKS[check]
    result = subprocess.run([BIN / tool, *arguments], cwd=PROJECT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
