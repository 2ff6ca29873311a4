"""Capsules drawn the slow and obvious way: as many spheres along the line between two ends."""

from __future__ import annotations

import numpy as np


def march_capsule(
    start: np.ndarray, stop: np.ndarray, radii: tuple[float, float], columns: np.ndarray, rows: np.ndarray
) -> np.ndarray:
    """Return the depth (h, w) at which rays first meet the hull of two spheres, infinite where none does."""
    x, y = np.meshgrid(columns, rows)
    depth = np.full(x.shape, np.inf)
    for part in np.linspace(0.0, 1.0, 2001):
        center = start + part * (stop - start)
        radius = radii[0] + part * (radii[1] - radii[0])
        inside = radius**2 - (x - center[0]) ** 2 - (y - center[1]) ** 2
        hit = np.where(inside >= 0, center[2] - np.sqrt(np.maximum(inside, 0)), np.inf)
        depth = np.minimum(depth, hit)
    return depth
