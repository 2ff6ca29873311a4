"""Targets of candidates: the ground-truth instance of each, its OKS, and whether that OKS is known.

Axis letters: B images, N ground-truth instances (padded), M candidates, K keypoints, H and W cells. All coordinates are
cells.
"""

from __future__ import annotations

import torch
from torch import Tensor

from dualcenter_mmpose.types import PoseTargets


def oks_with_instances(
    keypoints: Tensor, instances: Tensor, labelled: Tensor, areas: Tensor, oks_sigmas: Tensor
) -> Tensor:
    """Return the OKS of every pose with every ground-truth instance, over that instance's labelled keypoints.

    Args:
        keypoints: (B, M, K, 2).
        instances: (B, N, K, 2) true keypoints in the same unit; unlabelled ones are not read.
        labelled: (B, N, K) bool.
        areas: (B, N) annotation areas in the square of that unit.
        oks_sigmas: (K,) OKS constants.

    Returns:
        (B, M, N) in [0, 1]; 0 for instances without a labelled keypoint.

    Source:
        COCO keypoint evaluation.
    """
    # Unlabelled coordinates may be anything, NaN too, and NaN times 0 is NaN: they are replaced, not weighted away.
    known = torch.where(labelled[..., None], instances, instances.new_zeros(()))
    squared = (keypoints[:, :, None] - known[:, None]).square().sum(dim=-1)  # (B, M, N, K)
    variance = (2 * oks_sigmas).square() * areas[:, None, :, None].clamp(min=1e-6)
    similarities = torch.exp(-squared / (2 * variance)) * labelled[:, None]
    return similarities.sum(dim=-1) / labelled.sum(dim=-1)[:, None].clamp(min=1)


def match_candidates(
    keypoints: Tensor,
    cells: Tensor,
    valid: Tensor,
    instances: Tensor,
    labelled: Tensor,
    areas: Tensor,
    valid_mask: Tensor,
    oks_sigmas: Tensor,
    identity_thr: float = 0.3,
) -> PoseTargets:
    """Return the targets of candidates.

    Args:
        keypoints: (B, M, K, 2) cells.
        cells: (B, M, 2) integer (x, y) of the centers.
        valid: (B, M) bool.
        instances: (B, N, K, 2) cells, true keypoints.
        labelled: (B, N, K) bool.
        areas: (B, N) cells^2.
        valid_mask: (B, H, W) bool, False in regions excluded from supervision.
        oks_sigmas: (K,) OKS constants.
        identity_thr: OKS from which a candidate counts as the instance.

    Source:
        Dual anatomical centers (arXiv 2208.11975), sections 3.2 and 3.3: the closest ground truth.
    """
    num_images, _, num_keypoints, _ = keypoints.shape
    if instances.shape[1] == 0:  # a static property of the batch: nothing to gather from
        instances = instances.new_zeros(num_images, 1, num_keypoints, 2)
        labelled = labelled.new_zeros(num_images, 1, num_keypoints)
        areas = areas.new_zeros(num_images, 1)
    oks, best = oks_with_instances(keypoints, instances, labelled, areas, oks_sigmas).max(dim=2)  # (B, M)
    oks = oks * valid
    is_identified = valid & (oks >= identity_thr)
    index = best[..., None, None].expand(-1, -1, num_keypoints, 2)  # (B, M, K, 2)
    width = valid_mask.shape[2]
    flat = (cells[..., 1] * width + cells[..., 0]).clamp(0, valid_mask[0].numel() - 1)
    # A low OKS in an excluded region may only mean that nobody labelled the pose; a high one is known there, too.
    in_valid_region = valid_mask.flatten(1).gather(1, flat)
    return PoseTargets(
        oks=oks,
        identities=torch.where(is_identified, best, -1),
        keypoints=instances.gather(1, index),
        labelled=labelled.gather(1, index[..., 0]),
        oks_known=valid & (in_valid_region | is_identified),
    )
