"""Features of a pose for the pose-level networks: feature maps and heatmaps read at its keypoints.

Axis letters: B images, M candidates, K keypoints, C channels of all feature maps together, H and W cells of the
finest map. Everything here is detached: the networks score and correct given poses, and no gradient reaches the head's
coordinates or maps through sampling.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from dualcenter_mmpose.coordinates import map_to_normalized
from dualcenter_mmpose.geometry import pose_diagonals


def sample_at_keypoints(maps: Tensor, keypoints: Tensor, map_size: tuple[int, int]) -> Tensor:
    """Return the values of a map at every keypoint of every pose, bilinear, zero outside.

    Args:
        maps: (B, C, h, w) of any resolution; it covers the same picture as the finest map.
        keypoints: (B, M, K, 2) cells of the finest map.
        map_size: (W, H) of the finest map.

    Returns:
        (B, M, K, C) float32.
    """
    # Normalized coordinates are the same for every resolution: no upsampled copy is needed. They and the sampling
    # want full precision: the steps of a half at cell 100 are a sixteenth of a cell.
    grid = map_to_normalized(keypoints.float(), map_size)
    sampled = F.grid_sample(maps.float(), grid, align_corners=False)
    return sampled.permute(0, 2, 3, 1)  # (B, C, M, K) -> (B, M, K, C)


def sample_pose_features(feats: Sequence[Tensor], keypoint_heatmaps: Tensor, keypoints: Tensor) -> Tensor:
    """Return the features of poses: the backbone's maps and all K heatmaps at every keypoint.

    All heatmaps, not a keypoint's own alone: they show left and right swapped, or another instance's limb, at no cost.

    Args:
        feats: the backbone's maps (B, C_i, h_i, w_i).
        keypoint_heatmaps: (B, K, H, W), the finest map.
        keypoints: (B, M, K, 2) cells of it.

    Returns:
        (B, M, K, C + K) float32, detached.

    Source:
        Dual anatomical centers (arXiv 2208.11975), Fig. 4: sampled features F and heatmaps H.
    """
    height, width = keypoint_heatmaps.shape[-2:]
    keypoints = keypoints.detach()
    parts = [sample_at_keypoints(feat.detach(), keypoints, (width, height)) for feat in feats]
    parts.append(sample_at_keypoints(keypoint_heatmaps.detach(), keypoints, (width, height)))
    return torch.cat(parts, dim=-1)


def normalize_poses(keypoints: Tensor, min_diagonal: float = 2.0) -> tuple[Tensor, Tensor]:
    """Return poses centered on their mean and divided by their diagonal, and the diagonals.

    Args:
        keypoints: (..., K, 2) cells.
        min_diagonal: least diagonal to divide by, cells.

    Returns:
        (..., K, 2) without a unit, and (..., 1, 1) cells.
    """
    diagonals = pose_diagonals(keypoints).clamp(min=min_diagonal)[..., None, None]
    return (keypoints - keypoints.mean(dim=-2, keepdim=True)) / diagonals, diagonals
