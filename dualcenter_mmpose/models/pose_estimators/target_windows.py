"""Targets inside a window of cells, for a scale that sees only a part of the image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dualcenter_mmpose.types import DenseTargets


def crop_targets(targets: DenseTargets, corner: tuple[int, int], size: tuple[int, int]) -> DenseTargets:
    """Return the targets inside a window of cells.

    Args:
        targets: of the whole grid.
        corner: (x, y) of the window's first cell.
        size: (W, H) of the window.
    """
    (x, y), (width, height) = corner, size
    return DenseTargets(*(maps[..., y : y + height, x : x + width] for maps in targets))  # each (B, channels, H, W)


def crop_fields(data_samples: Sequence[Any], corner: tuple[int, int], size: tuple[int, int]) -> list[Any]:
    """Return data samples whose target maps are cut to a window of cells; arguments as in :func:`crop_targets`."""
    (x, y), (width, height) = corner, size
    cropped = []
    for sample in data_samples:
        sample = sample.clone()
        sample.gt_fields = sample.gt_fields[y : y + height, x : x + width]
        cropped.append(sample)
    return cropped
