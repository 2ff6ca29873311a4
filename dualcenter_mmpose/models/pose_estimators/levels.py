"""Levels of multi-scale training: images, features and targets between them. Pure torch.

A level of scale s sees the image at s * S, S being the nominal (test) size. The training batch arrives at the
largest level's size; the other levels are reduced from it. Every level's features are brought to the grid of the
nominal level, where the targets live, so that a Gaussian of fixed width in cells is wide in the pixels of a large
level and narrow in a small one's: a larger kernel for larger persons, without any rule for it (paper, Fig. 2 and
section 3.1).

Axis letters: B images, C channels, h, w pixels, H, W cells of the nominal grid.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

NOMINAL = 1.0
SIZE_DIVISOR = 32


@dataclass(frozen=True)
class Level:
    """One level.

    Attributes:
        scale: input size over the nominal size.
        weight: share of the level in the loss.
    """

    scale: float
    weight: float

    @property
    def is_nominal(self) -> bool:
        """Whether this is the level that the test uses."""
        return self.scale == NOMINAL

    @property
    def key(self) -> str:
        """Name for module dictionaries, which take no dot."""
        return f'level_{self.scale:g}x'.replace('.', '_')

    @property
    def label(self) -> str:
        """Name for logs."""
        return f'{self.scale:g}x'


def make_levels(scales: Sequence[float], weights: Sequence[float] | None) -> tuple[Level, ...]:
    """Return the levels, checked.

    Args:
        scales: positive, distinct, the nominal 1 among them.
        weights: one positive number per scale; equal by default. Only their ratios matter.

    Raises:
        ValueError: if an argument is not as described.
    """
    if weights is None:
        weights = [1.0] * len(scales)
    if len(weights) != len(scales) or not all(weight > 0 for weight in weights):
        raise ValueError(f'level_weights must be {len(scales)} positive numbers for levels {scales}, got {weights}')
    if NOMINAL not in scales or len(set(scales)) != len(scales) or min(scales) <= 0:
        raise ValueError(f'levels must be positive, distinct and contain 1, the level of the test; got {scales}')
    return tuple(Level(float(scale), float(weight)) for scale, weight in zip(scales, weights))


def resize(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """Return maps at another size: area reduction downwards, bilinear upwards.

    Args:
        maps: (B, C, h, w).
        size: (h, w) to reach.
    """
    if tuple(maps.shape[-2:]) == tuple(size):
        return maps
    if size[0] > maps.shape[-2]:
        return F.interpolate(maps, size=size, mode='bilinear', align_corners=False)
    factors = [before / after for before, after in zip(maps.shape[-2:], size)]
    if factors[0] == factors[1] == int(factors[0]):
        return F.avg_pool2d(maps, int(factors[0]))
    # Windows of unequal size would blur some cells more than others.
    return F.interpolate(maps, size=size, mode='bilinear', align_corners=False, antialias=True)


def level_size(largest_size: tuple[int, int], largest: float, scale: float) -> tuple[int, int]:
    """Return a level's (h, w) given the largest level's.

    Raises:
        ValueError: if a side is not a multiple of 32.
    """
    height, width = (side / largest * scale for side in largest_size)
    if height % SIZE_DIVISOR or width % SIZE_DIVISOR:
        raise ValueError(
            f'level {scale:g} of images of {tuple(largest_size)} px (h, w) would be {height:g} x {width:g} px, not '
            f'multiples of {SIZE_DIVISOR}; change the input_size of the training pipeline or the levels'
        )
    return int(height), int(width)


def features_to_grid(feats: Sequence[Tensor], scale: float, fuses: bool) -> list[Tensor]:
    """Return a level's features on the nominal grid.

    Args:
        feats: (B, C_i, H_i, W_i), the first at the network's output stride.
        scale: the level's.
        fuses: whether the head joins all maps at the size of the first. Then each map goes to the level's own
            output grid first and from there to the nominal one, as if the joined map were resized; else every map
            is resized by 1 / scale.
    """
    if scale == NOMINAL:
        return list(feats)
    own = feats[0].shape[-2:]
    if not fuses:
        return [resize(feat, tuple(round(side / scale) for side in feat.shape[-2:])) for feat in feats]
    grid = tuple(round(side / scale) for side in own)
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


@contextmanager
def frozen_bn_statistics(module: nn.Module, freeze: bool = True) -> Iterator[None]:
    """Keep BatchNorm from updating its running statistics; it still normalises by those of the batch.

    Statistics from three scales would be a mixture that fits none of them, the test's least of all.

    Args:
        module: whose BatchNorm layers are meant, SyncBatchNorm included.
        freeze: ``False`` does nothing.
    """
    norms = [m for m in module.modules() if isinstance(m, _BatchNorm) and m.track_running_stats and freeze]
    for norm in norms:
        norm.track_running_stats = False
    try:
        yield
    finally:
        for norm in norms:
            norm.track_running_stats = True
