"""How alike two poses are: Object Keypoint Similarity between predictions.

Axis letters: B images, M candidates, K keypoints. Poses are in input pixels here, because the floor on their size is.
"""

from __future__ import annotations

import torch
from torch import Tensor

MIN_AREA = 64.0
"""Smallest area of a pose, 8 x 8 input px: below it, rounding of the maps would decide who is similar."""


def pose_areas(keypoints: Tensor, min_area: float = MIN_AREA) -> Tensor:
    """Return the area of each pose's tight box.

    Args:
        keypoints: (..., K, 2) px.
        min_area: floor, px^2.

    Returns:
        (...) px^2.
    """
    extent = keypoints.amax(dim=-2) - keypoints.amin(dim=-2)
    return extent.prod(dim=-1).clamp(min=min_area)


def pairwise_oks(keypoints: Tensor, kappas: Tensor) -> Tensor:
    """Return the OKS of every two poses of an image; symmetric, 1 for equal poses, unchanged when the scene is scaled.

    exp(-d_k^2 / (2 s_k^2)) averaged over keypoints, s_k = 2 kappa_k sqrt(A), A the mean area of the two tight
    boxes: the spatial term of the paper's Eq. 1 without the density constant and with a scale that follows the
        persons (its pixel
    sigma would merge small neighbours and keep two versions of one large person apart).

    Args:
        keypoints: (B, M, K, 2) input px.
        kappas: (K,) the data set's OKS constants (MMPose: ``sigmas``).

    Returns:
        (B, M, M) in [0, 1].
    """
    areas = pose_areas(keypoints)
    mean_area = (areas[:, :, None] + areas[:, None, :]) / 2
    squared = (keypoints[:, :, None] - keypoints[:, None, :]).square().sum(dim=-1)
    variance = (2 * kappas).square() * mean_area[..., None]
    return torch.exp(-squared / (2 * variance)).mean(dim=-1)
