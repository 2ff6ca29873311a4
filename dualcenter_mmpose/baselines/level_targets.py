"""Training targets of two levels from packed keypoints, made on their device for a whole batch.

Axis letters: B images, N persons (padded), K keypoints, H and W cells of the level at hand. Points are cells (x, y);
:mod:`dualcenter_mmpose.coordinates` has the rule. The *coarse* level is at 1/4 of the input, the *fine* one at 1/2.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from dualcenter_mmpose.codecs.rendering import is_inside, render_gaussians
from dualcenter_mmpose.coordinates import map_to_input

FINE_CELLS = 2
"""Cells of the fine level per cell of the coarse one, each way."""


class LabelledPeople(NamedTuple):
    """Annotated persons of a batch, padded to the same number.

    Attributes:
        keypoints: (B, N, K, 2) cells of the coarse level.
        labelled: (B, N, K) bool, False for unlabelled keypoints and for padding.
        valid_mask: (B, 2H, 2W) bool on the fine level, False in regions of unlabelled people.
    """

    keypoints: Tensor
    labelled: Tensor
    valid_mask: Tensor


class LevelTargets(NamedTuple):
    """Heatmaps of one level.

    Attributes:
        heatmaps: (B, K, H, W) in [0, 1].
        valid_mask: (B, 1, H, W) float, 0 where not supervised.
    """

    heatmaps: Tensor
    valid_mask: Tensor


class TagPlaces(NamedTuple):
    """Where on the coarse level each keypoint's tag is read.

    Attributes:
        indices: (B, N, K) flat cell index ``y * W + x``; 0 where not valid.
        valid: (B, N, K) bool, True for labelled keypoints whose cell lies in the map.
    """

    indices: Tensor
    valid: Tensor


def make_level_targets(people: LabelledPeople, sigma: float) -> tuple[LevelTargets, LevelTargets]:
    """Return the targets of the coarse and the fine level.

    A cell of the coarse level is supervised where at least half of its four fine cells are.

    Args:
        people: the annotated persons.
        sigma: of the Gaussians, cells of their own level, so that a keypoint is half as wide on the fine one.

    Source:
        HigherHRNet (arXiv 1908.10357), section 3: the same sigma at every resolution.
    """
    fine_mask = people.valid_mask[:, None].float()
    coarse_mask = (F.avg_pool2d(fine_mask, FINE_CELLS) >= 0.5).float()
    fine_points = map_to_input(people.keypoints, FINE_CELLS)
    levels = []
    for points, mask in ((people.keypoints, coarse_mask), (fine_points, fine_mask)):
        height, width = mask.shape[-2:]
        heatmaps = render_gaussians(points, people.labelled, [sigma] * points.shape[2], (width, height))
        levels.append(LevelTargets(heatmaps, mask))
    return levels[0], levels[1]


def locate_tags(people: LabelledPeople) -> TagPlaces:
    """Return the cell nearest to each labelled keypoint, on the coarse level."""
    height, width = (side // FINE_CELLS for side in people.valid_mask.shape[-2:])
    valid = people.labelled & is_inside(people.keypoints, (width, height))
    cells = torch.floor(people.keypoints + 0.5).long()
    indices = cells[..., 1] * width + cells[..., 0]
    return TagPlaces(torch.where(valid, indices, 0), valid)
