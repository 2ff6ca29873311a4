"""Training targets at two resolutions from packed keypoints, made on their device for a whole batch.

Axis letters: B images, N instances (padded), K keypoints, H and W cells of the resolution at hand. Points are cells
(x, y); :mod:`dualcenter_mmpose.coordinates` has the rule. The *coarse* resolution is 1/4 of the input's, the *fine* one
1/2.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from dualcenter_mmpose.codecs.rendering import is_inside, render_gaussians
from dualcenter_mmpose.coordinates import map_to_input

FINE_CELLS = 2
"""Cells of the fine resolution per cell of the coarse one, each way."""


class LabelledInstances(NamedTuple):
    """Annotated instances of a batch, padded to the same number.

    Attributes:
        keypoints: (B, N, K, 2) cells of the coarse resolution.
        labelled: (B, N, K) bool, False for unlabelled keypoints and for padding.
        valid_mask: (B, 2H, 2W) bool at the fine resolution, False in regions of unlabelled instances.
    """

    keypoints: Tensor
    labelled: Tensor
    valid_mask: Tensor


class ResolutionTargets(NamedTuple):
    """Heatmaps of one resolution.

    Attributes:
        heatmaps: (B, K, H, W) in [0, 1].
        valid_mask: (B, 1, H, W) float, 0 where not supervised.
    """

    heatmaps: Tensor
    valid_mask: Tensor


class TagPlaces(NamedTuple):
    """Where at the coarse resolution each keypoint's tag is read.

    Attributes:
        indices: (B, N, K) flat cell index ``y * W + x``; 0 where not valid.
        valid: (B, N, K) bool, True for labelled keypoints whose cell lies in the map.
    """

    indices: Tensor
    valid: Tensor


def make_resolution_targets(instances: LabelledInstances, sigma: float) -> tuple[ResolutionTargets, ResolutionTargets]:
    """Return the targets of the coarse and the fine resolution.

    A cell of the coarse resolution is supervised where at least half of its four fine cells are.

    Args:
        instances: the annotated instances.
        sigma: of the Gaussians, cells of their own resolution, so that a keypoint is half as wide on the fine maps.

    Source:
        HigherHRNet (arXiv 1908.10357), section 3: the same sigma at every resolution.
    """
    fine_mask = instances.valid_mask[:, None].float()  # (B, 1, 2H, 2W)
    coarse_mask = (F.avg_pool2d(fine_mask, FINE_CELLS) >= 0.5).float()
    coarse = _draw_targets(instances.keypoints, instances.labelled, coarse_mask, sigma)
    fine_points = map_to_input(instances.keypoints, FINE_CELLS)
    return coarse, _draw_targets(fine_points, instances.labelled, fine_mask, sigma)


def _draw_targets(points: Tensor, labelled: Tensor, mask: Tensor, sigma: float) -> ResolutionTargets:
    height, width = mask.shape[-2:]
    heatmaps = render_gaussians(points, labelled, [sigma] * points.shape[2], (width, height))
    return ResolutionTargets(heatmaps, mask)


def locate_tags(instances: LabelledInstances) -> TagPlaces:
    """Return the cell nearest to each labelled keypoint, at the coarse resolution."""
    height, width = (side // FINE_CELLS for side in instances.valid_mask.shape[-2:])
    valid = instances.labelled & is_inside(instances.keypoints, (width, height))
    cells = torch.floor(instances.keypoints + 0.5).long()
    indices = cells[..., 1] * width + cells[..., 0]
    return TagPlaces(torch.where(valid, indices, 0), valid)
