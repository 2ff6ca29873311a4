"""Pose candidates: local maxima of the center heatmaps with the displacements read there.

Axis letters and array layouts: :mod:`dualcenter_mmpose.types`.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 (torch's own convention)
from torch import Tensor

from dualcenter_mmpose.coordinates import map_to_normalized
from dualcenter_mmpose.types import Candidates


def keep_local_maxima(heatmaps: Tensor, kernel_size: int) -> Tensor:
    """Return the heatmaps with every cell set to 0 that is not the largest of its window.

    Cells of a plateau all stay: at equal values neither is the larger one.

    Args:
        heatmaps: (B, C, H, W).
        kernel_size: odd side of the square window, cells.
    """
    largest = F.max_pool2d(heatmaps, kernel_size, stride=1, padding=kernel_size // 2)
    return torch.where(heatmaps == largest, heatmaps, heatmaps.new_zeros(()))


def find_candidates(
    center_heatmaps: Tensor,
    displacements: Tensor,
    max_per_center: int = 30,
    score_thr: float = 0.01,
    kernel_size: int = 3,
) -> Candidates:
    """Return the strongest peaks of every center group as pose candidates.

    Args:
        center_heatmaps: (B, G, H, W).
        displacements: (B, G * 2K, H, W) cells, layout of :class:`~dualcenter_mmpose.types.DenseMaps`.
        max_per_center: peaks kept per group; maps with fewer cells give as many as they have.
        score_thr: heatmap value that a peak must exceed.
        kernel_size: window of the local maximum.

    Returns:
        Candidates with M = G * min(max_per_center, H * W), group-major and by falling score inside a group.

    Source:
        Dual anatomical centers (arXiv 2208.11975), section 3.2; peak rule as in DEKR (arXiv 2104.02300).
    """
    num_images, num_centers, height, width = center_heatmaps.shape
    num_peaks = min(max_per_center, height * width)
    peaks = keep_local_maxima(center_heatmaps, kernel_size).flatten(2)  # (B, G, H * W)
    # A fixed number, whatever the image shows: slots without a peak are filled with zeros.
    scores, cell_idx = peaks.topk(num_peaks, dim=-1)  # (B, G, P)

    vectors = displacements.reshape(num_images, num_centers, -1, height * width)  # (B, G, 2K, H * W)
    picked = vectors.gather(3, cell_idx[:, :, None].expand(-1, -1, vectors.shape[2], -1))  # (B, G, 2K, P)
    picked = picked.reshape(num_images, num_centers, -1, 2, num_peaks).permute(0, 1, 4, 2, 3)  # (B, G, P, K, 2)

    # Example on a map of W = 10: index 43 is cell (3, 4); a displacement (2.5, -1) there gives a keypoint at (5.5, 3).
    cells = torch.stack((cell_idx % width, cell_idx // width), dim=-1)
    keypoints = picked + cells[:, :, :, None].to(picked.dtype)
    valid = scores > score_thr
    center_ids = torch.arange(num_centers, device=scores.device).repeat_interleave(num_peaks)
    return Candidates(
        keypoints=keypoints.flatten(1, 2),
        scores=torch.where(valid, scores, scores.new_zeros(())).clamp(max=1).flatten(1),
        cells=cells.flatten(1, 2),
        center_ids=center_ids,
        valid=valid.flatten(1),
    )


def sample_keypoint_scores(heatmaps: Tensor, keypoints: Tensor, floor: float = 1e-3) -> Tensor:
    """Return the value of each keypoint's own heatmap, read bilinearly at its position.

    Args:
        heatmaps: (B, K, H, W).
        keypoints: (B, N, K, 2) cells; outside the map the value counts as 0.
        floor: smallest score given. A score of exactly 0 marks an absent keypoint in COCO result files, and
            a regressed keypoint is never absent.

    Returns:
        (B, N, K) in [floor, 1].
    """
    num_images, num_keypoints, height, width = heatmaps.shape
    # Each keypoint is read on its own channel alone: channels become images, and grid_sample pairs image with grid.
    points = keypoints.permute(0, 2, 1, 3).reshape(num_images * num_keypoints, -1, 1, 2)  # (B * K, N, 1, 2)
    grid = map_to_normalized(points, (width, height))
    maps = heatmaps.reshape(num_images * num_keypoints, 1, height, width)
    sampled = F.grid_sample(maps, grid.to(maps.dtype), align_corners=False)
    return sampled.reshape(num_images, num_keypoints, -1).transpose(1, 2).clamp(floor, 1.0)
