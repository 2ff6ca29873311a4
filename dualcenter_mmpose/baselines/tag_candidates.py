"""Heatmaps and tags -> the strongest peaks of each keypoint with their tags.

Axis letters: B images, K keypoints, M candidates of a keypoint, L tag dimensions (2 with a mirrored view), H and W
cells of the maps that are decoded. Cells are (x, y).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor


class TagCandidates(NamedTuple):
    """The strongest peaks of a batch.

    Attributes:
        scores: (B, K, M) heatmap values.
        tags: (B, K, M, L).
        cells: (B, K, M, 2) integer.
    """

    scores: Tensor
    tags: Tensor
    cells: Tensor


def average_resolutions(maps: Sequence[Tensor], size: tuple[int, int]) -> Tensor:
    """Return the mean of maps (B, K, H_i, W_i) resized to ``size`` (W, H), (B, K, H, W)."""
    width, height = size
    resized = [F.interpolate(one, size=(height, width), mode='bilinear', align_corners=False) for one in maps]
    return sum(resized[1:], resized[0]) / len(resized)


def highest_around(maps: Tensor, kernel: int) -> Tensor:
    """Return the highest value in the ``kernel`` x ``kernel`` window around each cell of maps (B, K, H, W).

    What ``max_pool2d`` gives at stride 1; on a CPU in a fraction of its time, as rows and columns take turns.
    """
    reach = kernel // 2
    width, height = maps.shape[3], maps.shape[2]
    padded = F.pad(maps, (reach, reach, reach, reach), value=-math.inf)
    rows = padded[..., :width]
    for step in range(1, kernel):
        rows = torch.maximum(rows, padded[..., step : step + width])
    highest = rows[..., :height, :]
    for step in range(1, kernel):
        highest = torch.maximum(highest, rows[..., step : step + height, :])
    return highest


def find_tag_candidates(heatmaps: Tensor, tags: Tensor, peak_kernel: int, max_candidates: int) -> TagCandidates:
    """Return the strongest peaks of each keypoint with their tags.

    Args:
        heatmaps: (B, K, H, W).
        tags: (B, L, K, H, W).
        peak_kernel: side of the window in which a peak is the highest cell, odd.
        max_candidates: peaks kept per keypoint; smaller maps give fewer.
    """
    width = heatmaps.shape[-1]
    peaks = (heatmaps * (heatmaps == highest_around(heatmaps, peak_kernel))).flatten(2)  # (B, K, H * W)
    scores, indices = peaks.topk(min(max_candidates, peaks.shape[2]), dim=2)
    num_tags = tags.shape[1]
    # The tag dimensions of a keypoint are read at the same cells: (B, L, K, M).
    read = tags.flatten(3).gather(3, indices[:, None].expand(-1, num_tags, -1, -1))
    cells = torch.stack((indices % width, indices.div(width, rounding_mode='floor')), dim=-1)
    return TagCandidates(scores, read.permute(0, 2, 3, 1), cells)  # tags (B, K, M, L)
