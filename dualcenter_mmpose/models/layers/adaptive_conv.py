"""Adaptive convolution of DEKR without a custom operator.

DEKR bends the nine taps of a 3x3 convolution by an affine map predicted per cell and keypoint. MMPose does that
with mmcv's deformable convolution, which crawls on a CPU and does not export. The same numbers come from one
``grid_sample`` that reads all taps of all groups, followed by a grouped 1x1 convolution over them.

Axis letters: B images, G groups (one per keypoint), C channels a group, T = 9 taps, H and W cells.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from dualcenter_mmpose.coordinates import map_to_normalized

NUM_TAPS = 9


def tap_offsets() -> Tensor:
    """Return the taps of a 3x3 kernel in its row-major order as homogeneous (y, x, 1), shape (3, 9).

    The y row comes first because the matrices of DEKR checkpoints expect it.
    """
    steps = torch.tensor([-1.0, 0.0, 1.0])
    ys, xs = torch.meshgrid(steps, steps, indexing='ij')
    return torch.stack((ys.flatten(), xs.flatten(), torch.ones(NUM_TAPS)))


def sample_taps(features: Tensor, matrices: Tensor, taps: Tensor) -> Tensor:
    """Return the features at every bent tap; zeros outside the map.

    Cell (y, x), group g and tap t read at (y, x) + tap_t + A_g(y, x) tap_t, bilinearly.

    Args:
        features: (B, G * C, H, W).
        matrices: (B, G * 6, H, W), per group a row-major 2 x 3 matrix A: first row moves y, second x; the last
            column is a translation in cells.
        taps: (3, T) from :func:`tap_offsets`.

    Returns:
        (B, G * C * T, H, W), group-major, then channel, then tap: the layout of a flattened 3x3 kernel.
    """
    num_images, channels, height, width = features.shape
    num_groups = matrices.shape[1] // 6
    # Coordinates need more than the 11 bits of a half: at cell 100 its steps are 1/16 of a cell.
    shifts = torch.einsum('bgrchw,ct->bgtrhw', matrices.float().unflatten(1, (num_groups, 2, 3)), taps)
    rows = torch.arange(height, device=features.device, dtype=shifts.dtype)[:, None]
    columns = torch.arange(width, device=features.device, dtype=shifts.dtype)
    y = shifts[:, :, :, 0] + taps[0, :, None, None] + rows
    x = shifts[:, :, :, 1] + taps[1, :, None, None] + columns
    grid = map_to_normalized(torch.stack((x, y), dim=-1), (width, height))
    grid = grid.reshape(num_images * num_groups, -1, width, 2)  # taps stacked along the height
    sampled = F.grid_sample(
        features.reshape(num_images * num_groups, -1, height, width).to(grid.dtype), grid, align_corners=False
    )
    return sampled.reshape(num_images, channels * taps.shape[1], height, width)


class AdaptiveConv2d(nn.Module):
    """A grouped 3x3 convolution whose taps are bent per cell; ``weight`` has the shape of mmcv's ``DeformConv2d``.

    Args:
        in_channels: of all groups together.
        out_channels: of all groups together.
        groups: number of groups, each with its own matrices.

    Source:
        DEKR (arXiv 2104.02300), section 3.2; computes what ``mmcv.ops.DeformConv2d`` computes in MMPose's
        ``AdaptiveActivationBlock``.
    """

    def __init__(self, in_channels: int, out_channels: int, groups: int = 1) -> None:
        super().__init__()
        self.groups = groups
        self.weight = nn.Parameter(torch.empty(out_channels, in_channels // groups, 3, 3))
        nn.init.kaiming_uniform_(self.weight, nonlinearity='relu')
        self.register_buffer('taps', tap_offsets(), persistent=False)

    def forward(self, features: Tensor, matrices: Tensor) -> Tensor:
        """Return the convolved map (B, out_channels, H, W); arguments as in :func:`sample_taps`."""
        sampled = sample_taps(features, matrices, self.taps)
        return F.conv2d(sampled, self.weight.flatten(1)[..., None, None], groups=self.groups)
