"""Size of poses: the box around their keypoints, its extent, diagonal and area. Pure torch.

Units are those of the keypoints. Axis letters: K keypoints; ``...`` stands for any leading axes.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def tight_boxes(keypoints: Tensor) -> Tensor:
    """(..., 4) xyxy boxes around all keypoints (..., K, 2)."""
    return torch.cat((keypoints.amin(dim=-2), keypoints.amax(dim=-2)), dim=-1)


def pose_extents(keypoints: Tensor, labelled: Tensor | None = None) -> Tensor:
    """Width and height of the box around each pose.

    Args:
        keypoints: (..., K, 2).
        labelled: (..., K) bool, the keypoints that count; all by default.

    Returns:
        (..., 2); 0 without a keypoint that counts.
    """
    if labelled is None:
        return keypoints.amax(dim=-2) - keypoints.amin(dim=-2)
    hidden = ~labelled[..., None]
    lowest = keypoints.masked_fill(hidden, math.inf).amin(dim=-2)
    highest = keypoints.masked_fill(hidden, -math.inf).amax(dim=-2)
    # Without any keypoint the difference is -inf, which no clamp would turn into the 0 that is meant.
    return torch.where(labelled.any(dim=-1)[..., None], highest - lowest, lowest.new_zeros(()))


def pose_diagonals(keypoints: Tensor, labelled: Tensor | None = None) -> Tensor:
    """(...) diagonals of the boxes around poses; arguments as in :func:`pose_extents`.

    For an instance with labels this is its true size. (DEKR's official code takes the size while unlabelled keypoints
    still stand at the origin, which ties the weight of a person to its place in the image.)
    """
    return pose_extents(keypoints, labelled).norm(dim=-1)


def pose_areas(keypoints: Tensor, min_area: float = 0.0) -> Tensor:
    """(...) areas of the boxes around poses (..., K, 2), at least ``min_area``."""
    return pose_extents(keypoints).prod(dim=-1).clamp(min=min_area)
