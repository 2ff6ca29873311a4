"""Slow, obvious targets for one image: the oracle of the vectorised ones. Loops over everything."""

from __future__ import annotations

import numpy as np


def gaussian_heatmap(points, valid, sigma, width, height):
    """Return (H, W): the maximum of 3-sigma Gaussians at the cells nearest to the points."""
    heatmap = np.zeros((height, width))
    for point, is_valid in zip(points, valid):
        if not is_valid:
            continue
        column, row = (int(np.floor(c + 0.5)) for c in point)
        if not (0 <= column < width and 0 <= row < height):
            continue
        for y in range(height):
            for x in range(width):
                if max(abs(x - column), abs(y - row)) <= 3 * sigma:
                    value = np.exp(-((x - column) ** 2 + (y - row) ** 2) / (2 * sigma**2))
                    heatmap[y, x] = max(heatmap[y, x], value)
    return heatmap


def displacement_field(keypoints, labelled, centers, valid, radius, width, height):
    """Return displacements and weights (2K, H, W); the person with the smallest diagonal owns a cell."""
    num_people, num_keypoints = labelled.shape
    field = np.zeros((2 * num_keypoints, height, width))
    weights = np.zeros((2 * num_keypoints, height, width))
    diagonals = []
    for person in range(num_people):
        seen = keypoints[person][labelled[person]]
        diagonals.append(np.linalg.norm(seen.max(0) - seen.min(0)) if len(seen) else 0.0)
    for y in range(height):
        for x in range(width):
            owner = None
            for person in np.argsort(diagonals, kind='stable'):
                column, row = (np.floor(c + 0.5) for c in centers[person])
                inside = 0 <= column < width and 0 <= row < height
                if valid[person] and inside and np.hypot(x - centers[person][0], y - centers[person][1]) <= radius:
                    owner = person
                    break
            if owner is None:
                continue
            for k in range(num_keypoints):
                px, py = keypoints[owner, k]
                in_map = 0 <= np.floor(px + 0.5) < width and 0 <= np.floor(py + 0.5) < height
                if labelled[owner, k] and in_map:
                    field[2 * k : 2 * k + 2, y, x] = px - x, py - y
                    weights[2 * k : 2 * k + 2, y, x] = 1 / max(diagonals[owner], 1)
    return field, weights


def center_of(keypoints, labelled, parts, partial='use'):
    """Return one person's center by a rule's parts, or ``None``."""
    points = []
    for part in parts:
        seen = [keypoints[k] for k in part if labelled[k]]
        if seen:
            points.append(np.mean(seen, axis=0))
    if not points or (partial == 'drop' and len(points) < len(parts)):
        return None
    return np.mean(points, axis=0)
