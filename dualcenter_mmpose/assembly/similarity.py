"""Similarity of every two poses, in space and in appearance.

Axis letters: B images, M candidates, K keypoints. Poses are in input pixels here, because their least area is.
"""

from __future__ import annotations

from typing import Callable

import torch
from torch import Tensor

from dualcenter_mmpose.geometry import pose_areas, pose_diagonals

MIN_AREA = 64.0
"""Smallest area of a pose, 8 x 8 input px: below it, rounding of the maps would decide who is similar."""

SIGMA_SHARE = 0.1
"""Width of the literal Gaussian term: this share of the two poses' mean diagonal."""


def _squared_distances(keypoints: Tensor) -> Tensor:
    """Return (B, M, M, K) squared distances between the same keypoints of every two poses."""
    return (keypoints[:, :, None] - keypoints[:, None, :]).square().sum(dim=-1)


def _mean_diagonals(keypoints: Tensor) -> Tensor:
    """Return (B, M, M) mean diagonals of every two poses, at least that of the smallest area's square."""
    diagonals = pose_diagonals(keypoints).clamp(min=(2 * MIN_AREA) ** 0.5)
    return (diagonals[:, :, None] + diagonals[:, None, :]) / 2


def pairwise_oks(keypoints: Tensor, oks_sigmas: Tensor) -> Tensor:
    """Return the OKS of every two poses of an image; symmetric, 1 for equal poses, unchanged when the scene is scaled.

    exp(-d_k^2 / (2 s_k^2)) averaged over keypoints, s_k = 2 sigma_k sqrt(A), A the mean area of the two tight
    boxes: the spatial term of the paper's Eq. 1 without the density constant and with a scale that follows the
    instances (its pixel sigma would merge small neighbours and keep two versions of one large instance apart).

    Args:
        keypoints: (B, M, K, 2) input px.
        oks_sigmas: (K,) the data set's OKS constants (MMPose: ``sigmas``).

    Returns:
        (B, M, M) in [0, 1].
    """
    areas = pose_areas(keypoints, MIN_AREA)
    mean_area = (areas[:, :, None] + areas[:, None, :]) / 2  # (B, M, M)
    # Example: noses (sigma 0.026) of poses of 100 x 100 px have s = 5.2 px; 5.2 px apart they give exp(-1 / 2) = 0.61.
    variance = (2 * oks_sigmas).square() * mean_area[..., None]  # (B, M, M, K)
    return torch.exp(-_squared_distances(keypoints) / (2 * variance)).mean(dim=-1)


def pairwise_gaussian(keypoints: Tensor, oks_sigmas: Tensor) -> Tensor:
    """Return Eq. 1 as printed but for its constant: one sigma for all keypoints, a tenth of the poses' mean diagonal.

    The constant 1 / (sigma sqrt(2 pi)) would make the similarity of equal poses depend on their size.

    Args:
        keypoints: (B, M, K, 2) input px.
        oks_sigmas: not used.

    Returns:
        (B, M, M) in [0, 1].

    Source:
        Dual anatomical centers (arXiv 2208.11975), Eq. 1.
    """
    sigmas = SIGMA_SHARE * _mean_diagonals(keypoints)
    return torch.exp(-_squared_distances(keypoints) / (2 * sigmas.square())[..., None]).mean(dim=-1)


def pairwise_closeness(keypoints: Tensor, oks_sigmas: Tensor) -> Tensor:
    """Return 1 - (mean distance over keypoints) / (mean diagonal), at least 0: Fig. 12's Euclidean baseline.

    Poses closer than a tenth of their mean diagonal have more than 0.9.

    Args:
        keypoints: (B, M, K, 2) input px.
        oks_sigmas: not used.

    Returns:
        (B, M, M) in [0, 1].
    """
    # The square root has no gradient at 0, and none is wanted.
    distances = _squared_distances(keypoints).sqrt().mean(dim=-1)
    return (1 - distances / _mean_diagonals(keypoints)).clamp(min=0)


SPATIAL_TERMS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    'oks': pairwise_oks,
    'gaussian': pairwise_gaussian,
    'euclidean': pairwise_closeness,
}


def appearance_similarity(embeddings: Tensor) -> Tensor:
    """Return the cosine of every two embeddings, negatives clipped to 0.

    Args:
        embeddings: (B, M, E) of length 1.

    Returns:
        (B, M, M) in [0, 1].
    """
    return (embeddings @ embeddings.transpose(1, 2)).clamp(0, 1)
