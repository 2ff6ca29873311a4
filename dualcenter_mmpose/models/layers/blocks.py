"""Residual blocks of the displacement branch."""

from __future__ import annotations

from functools import partial
from typing import Callable

from torch import Tensor, nn

from dualcenter_mmpose.models.layers.adaptive_conv import AdaptiveConv2d


class AdaptiveBlock(nn.Module):
    """DEKR's adaptive activation block: predict matrices, bend the taps, convolve, normalise, add.

    Args:
        channels: of all groups together.
        groups: number of keypoints; every keypoint has its own filters and matrices.
        operator: of :class:`~dualcenter_mmpose.models.layers.adaptive_conv.AdaptiveConv2d`.
    """

    def __init__(self, channels: int, groups: int, operator: str = 'grid_sample') -> None:
        super().__init__()
        self.transform_matrix_conv = nn.Conv2d(channels, 6 * groups, 3, padding=1, groups=groups)
        self.adapt_conv = AdaptiveConv2d(channels, channels, groups, operator)
        self.norm = nn.BatchNorm2d(channels)
        self.act = nn.ReLU(inplace=True)

    def forward(self, features: Tensor) -> Tensor:
        """Return a map of the same shape (B, channels, H, W)."""
        convolved = self.adapt_conv(features, self.transform_matrix_conv(features))
        return self.act(self.norm(convolved) + features)


class PlainBlock(nn.Module):
    """The block without bending: a grouped 3x3 convolution. About a tenth of the time on a CPU; for small models.

    Args:
        channels: of all groups together.
        groups: number of keypoints.
    """

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        self.act = nn.ReLU(inplace=True)

    def forward(self, features: Tensor) -> Tensor:
        """Return a map of the same shape (B, channels, H, W)."""
        return self.act(self.norm(self.conv(features)) + features)


BLOCKS: dict[str, Callable[[int, int], nn.Module]] = {
    'adaptive': AdaptiveBlock,
    'deformable': partial(AdaptiveBlock, operator='deform_conv2d'),
    'plain': PlainBlock,
}
"""Kind -> what makes a block of so many channels and groups."""
