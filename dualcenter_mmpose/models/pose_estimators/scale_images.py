"""Images and features on their way between scales. Pure torch.

Axis letters: B images, C channels, h, w pixels, H, W cells of the nominal grid.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from dualcenter_mmpose.models.pose_estimators.scales import NOMINAL


def size_of(maps: Tensor, divided_by: float = 1.0) -> tuple[int, int]:
    """Return the (height, width) of maps (..., H, W), divided and rounded."""
    return round(maps.shape[-2] / divided_by), round(maps.shape[-1] / divided_by)


def resize(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """Return maps at another size: area reduction downwards, bilinear upwards.

    Args:
        maps: (B, C, h, w).
        size: (h, w) to reach.
    """
    if size_of(maps) == size:
        return maps
    if size[0] > maps.shape[-2]:
        return F.interpolate(maps, size=size, mode='bilinear', align_corners=False)
    factors = [before / after for before, after in zip(maps.shape[-2:], size)]
    if factors[0] == factors[1] == int(factors[0]):
        return F.avg_pool2d(maps, int(factors[0]))
    # Windows of unequal size would blur some cells more than others.
    return F.interpolate(maps, size=size, mode='bilinear', align_corners=False, antialias=True)


def features_to_grid(feats: Sequence[Tensor], factor: float, fuses: bool) -> list[Tensor]:
    """Return a scale's features on the nominal grid.

    Args:
        feats: (B, C_i, H_i, W_i), the first at the network's output stride.
        factor: the scale's.
        fuses: whether the head joins all maps at the size of the first. Then each map goes to the scale's own
            output grid first and from there to the nominal one, as if the joined map were resized; else every map
            is resized by 1 / factor.
    """
    if factor == NOMINAL:
        return list(feats)
    if not fuses:
        return [resize(feat, size_of(feat, factor)) for feat in feats]
    own, grid = size_of(feats[0]), size_of(feats[0], factor)
    return [resize(resize(feat, own), grid) for feat in feats]


def random_crop(images: Tensor, size: tuple[int, int], stride: int) -> tuple[tuple[int, int], Tensor]:
    """Return a random crop that begins at the border of a nominal cell.

    Args:
        images: (B, C, h, w).
        size: (h, w) of the crop, px.
        stride: pixels per nominal cell.

    Returns:
        The (x, y) cell at which the crop begins, and the crop.
    """
    rows, columns = ((have - want) // stride + 1 for have, want in zip(images.shape[-2:], size))
    row, column = (int(torch.randint(count, ())) for count in (rows, columns))
    y, x = row * stride, column * stride
    return (column, row), images[..., y : y + size[0], x : x + size[1]]
