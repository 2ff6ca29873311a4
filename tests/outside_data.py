"""Data that some tests need and the repository does not hold: named by a variable, or below ``data/``."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def find_outside_data(variable: str, default: str, what: str) -> Path:
    """Return where data lies, or skip the test.

    Args:
        variable: of the environment, which names the place.
        default: place below the repository's root where the variable is not set.
        what: the data is, for the message.
    """
    path = Path(os.environ.get(variable) or ROOT / default)
    if not path.exists():
        pytest.skip(f"{what}: '{path}' does not exist; put it there, or name its place by {variable}")
    return path
