"""What candidates should have been: the annotated person of each, its OKS, and whether anything may be learned from it.

Axis letters: B images, N annotated persons (padded), M candidates, K keypoints, H and W cells. All coordinates are
cells.
"""

from __future__ import annotations

import torch
from torch import Tensor

from dualcenter_mmpose.types import PoseTargets


def oks_with_instances(
    keypoints: Tensor, people: Tensor, labelled: Tensor, areas: Tensor, oks_sigmas: Tensor
) -> Tensor:
    """Return the OKS of every pose with every annotated person, over that person's labelled keypoints.

    Args:
        keypoints: (B, M, K, 2).
        people: (B, N, K, 2) in the same unit; unlabelled ones are not read.
        labelled: (B, N, K) bool.
        areas: (B, N) annotation areas in the square of that unit.
        oks_sigmas: (K,) OKS constants.

    Returns:
        (B, M, N) in [0, 1]; 0 for persons without a labelled keypoint.

    Source:
        COCO keypoint evaluation.
    """
    known = torch.where(labelled[..., None], people, people.new_zeros(()))
    squared = (keypoints[:, :, None] - known[:, None]).square().sum(dim=-1)
    variance = (2 * oks_sigmas).square() * areas[:, None, :, None].clamp(min=1e-6)
    alike = torch.exp(-squared / (2 * variance)) * labelled[:, None]
    return alike.sum(dim=-1) / labelled.sum(dim=-1)[:, None].clamp(min=1)


def match_candidates(
    keypoints: Tensor,
    cells: Tensor,
    valid: Tensor,
    people: Tensor,
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
        people: (B, N, K, 2) cells.
        labelled: (B, N, K) bool.
        areas: (B, N) cells^2.
        valid_mask: (B, H, W) bool, False on regions of unlabelled people.
        oks_sigmas: (K,) OKS constants.
        identity_thr: OKS from which a candidate counts as the person.

    Source:
        Dual anatomical centers (arXiv 2208.11975), sections 3.2 and 3.3: the closest ground truth.
    """
    num_images, _, num_keypoints, _ = keypoints.shape
    if people.shape[1] == 0:  # a static property of the batch: nobody to gather from
        people = people.new_zeros(num_images, 1, num_keypoints, 2)
        labelled = labelled.new_zeros(num_images, 1, num_keypoints)
        areas = areas.new_zeros(num_images, 1)
    oks, best = oks_with_instances(keypoints, people, labelled, areas, oks_sigmas).max(dim=2)
    oks = oks * valid
    is_person = valid & (oks >= identity_thr)
    index = best[..., None, None].expand(-1, -1, num_keypoints, 2)
    width = valid_mask.shape[2]
    flat = (cells[..., 1] * width + cells[..., 0]).clamp(0, valid_mask[0].numel() - 1)
    in_valid_region = valid_mask.flatten(1).gather(1, flat)
    return PoseTargets(
        oks=oks,
        identities=torch.where(is_person, best, -1),
        keypoints=people.gather(1, index),
        labelled=labelled.gather(1, index[..., 0]),
        oks_known=valid & (in_valid_region | is_person),
    )
