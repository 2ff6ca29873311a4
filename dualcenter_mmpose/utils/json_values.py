"""Numbers that JSON does not know."""

from __future__ import annotations

import math
from typing import Any


def finite_or_none(content: Any) -> Any:
    """Return dictionaries and sequences with ``None`` in place of every NaN and infinity."""
    if isinstance(content, dict):
        return {key: finite_or_none(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [finite_or_none(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content
