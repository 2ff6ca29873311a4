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

OPERATORS = ('grid_sample', 'deform_conv2d')

BLOCK_BYTES = {'cpu': 32 << 20}
"""How much of the read taps is held at a time, by device. On a CPU a block should come back from the cache when it is
convolved (``python -m benchmarks adapt-conv``, ``docs/performance.md``)."""

DEFAULT_BLOCK_BYTES = 1 << 30
"""On other devices only memory bounds a block: the taps of a 2048 px image take 2.4 GB."""

MIN_GROUPS = 3
"""Groups in a block, however large: a single one leaves threads without work."""


def tap_offsets() -> Tensor:
    """Return the taps of a 3x3 kernel in its row-major order as homogeneous (y, x, 1), shape (3, 9).

    The y row comes first because the matrices of DEKR checkpoints expect it.
    """
    steps = torch.tensor([-1.0, 0.0, 1.0])
    ys, xs = torch.meshgrid(steps, steps, indexing='ij')
    return torch.stack((ys.flatten(), xs.flatten(), torch.ones(NUM_TAPS)))


def bend(matrices: Tensor, taps: Tensor) -> Tensor:
    """Return how far each tap is moved, (B, G, T, 2, H, W) as (y, x) cells, float32.

    Args:
        matrices: (B, G * 6, H, W), see :func:`sample_taps`.
        taps: (3, T) from :func:`tap_offsets`.
    """
    # Coordinates need more than the 11 bits of a half: at cell 100 its steps are 1/16 of a cell.
    by_row = matrices.float().unflatten(1, (matrices.shape[1] // 6, 2, 3))  # (B, G, rows y and x, columns, H, W)
    return torch.einsum('bgrchw,ct->bgtrhw', by_row, taps)


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
    shifts = bend(matrices, taps)
    rows = torch.arange(height, device=features.device, dtype=shifts.dtype)[:, None]
    columns = torch.arange(width, device=features.device, dtype=shifts.dtype)
    y = shifts[:, :, :, 0] + taps[0, :, None, None] + rows  # (B, G, T, H, W) cells, as is x
    x = shifts[:, :, :, 1] + taps[1, :, None, None] + columns
    grid = map_to_normalized(torch.stack((x, y), dim=-1), (width, height))
    grid = grid.reshape(num_images * num_groups, -1, width, 2)  # (B * G, T * H, W, 2): taps stacked along the height
    sampled = F.grid_sample(
        features.reshape(num_images * num_groups, -1, height, width).to(grid.dtype), grid, align_corners=False
    )
    # (B * G, C, T * H, W): a channel's taps follow each other, as in a flattened kernel.
    return sampled.reshape(num_images, channels * taps.shape[1], height, width)


def groups_per_block(num_groups: int, group_bytes: int, device_type: str) -> int:
    """Return how many groups are sampled and convolved at a time.

    Args:
        num_groups: of the convolution.
        group_bytes: size of one group's taps.
        device_type: ``'cpu'``, ``'cuda'``, ...
    """
    fitting = BLOCK_BYTES.get(device_type, DEFAULT_BLOCK_BYTES) // group_bytes
    num_blocks = -(-num_groups // max(fitting, MIN_GROUPS))
    return -(-num_groups // num_blocks)  # blocks of about the same size


def convolve_by_grid_sample(features: Tensor, matrices: Tensor, weight: Tensor, taps: Tensor) -> Tensor:
    """Return the adaptive convolution, sampled and convolved a few groups at a time.

    Args:
        features: (B, G * C, H, W).
        matrices: (B, G * 6, H, W), see :func:`sample_taps`.
        weight: (G * C', C, 3, 3).
        taps: (3, T) from :func:`tap_offsets`.

    Returns:
        (B, G * C', H, W).
    """
    num_groups, group_channels = matrices.shape[1] // 6, weight.shape[1]
    # In an exported graph the batch may have any size; the blocks there are those of a single image.
    num_images = features.shape[0] if isinstance(features.shape[0], int) else 1
    group_bytes = num_images * group_channels * NUM_TAPS * features.shape[2] * features.shape[3] * 4
    count = groups_per_block(num_groups, group_bytes, features.device.type)
    kernels = weight.flatten(1)[..., None, None]  # (G * C', C * T, 1, 1)
    outputs = weight.shape[0] // num_groups
    blocks = []
    for start in range(0, num_groups, count):
        stop = min(start + count, num_groups)
        inputs = features[:, start * group_channels : stop * group_channels]
        sampled = sample_taps(inputs, matrices[:, start * 6 : stop * 6], taps)
        blocks.append(F.conv2d(sampled, kernels[start * outputs : stop * outputs], groups=stop - start))
    return blocks[0] if len(blocks) == 1 else torch.cat(blocks, dim=1)


def convolve_by_deform_conv2d(features: Tensor, matrices: Tensor, weight: Tensor, taps: Tensor) -> Tensor:
    """Return the same by torchvision's custom operator; arguments as in :func:`convolve_by_grid_sample`."""
    from torchvision.ops import deform_conv2d  # not needed by the operator that is the default

    shifts = bend(matrices, taps)  # (y, x) per tap, the order that deformable convolutions read offsets in
    return deform_conv2d(features.to(shifts.dtype), shifts.flatten(1, 3), weight.to(shifts.dtype), padding=1)


class AdaptiveConv2d(nn.Module):
    """A grouped 3x3 convolution whose taps are bent per cell; ``weight`` has the shape of mmcv's ``DeformConv2d``.

    Args:
        in_channels: of all groups together.
        out_channels: of all groups together.
        groups: number of groups, each with its own matrices.
        operator: ``'grid_sample'``, which exports, or ``'deform_conv2d'``, torchvision's operator. Same weights, same
            numbers.

    Raises:
        ValueError: for an unknown operator.

    Source:
        DEKR (arXiv 2104.02300), section 3.2; computes what ``mmcv.ops.DeformConv2d`` computes in MMPose's
        ``AdaptiveActivationBlock``.
    """

    taps: Tensor

    def __init__(self, in_channels: int, out_channels: int, groups: int = 1, operator: str = 'grid_sample') -> None:
        super().__init__()
        if operator not in OPERATORS:
            raise ValueError(f"operator must be one of {OPERATORS}, got '{operator}'")
        self.groups, self.operator = groups, operator
        self.weight = nn.Parameter(torch.empty(out_channels, in_channels // groups, 3, 3))
        nn.init.kaiming_uniform_(self.weight, nonlinearity='relu')
        self.register_buffer('taps', tap_offsets(), persistent=False)

    def forward(self, features: Tensor, matrices: Tensor) -> Tensor:
        """Return the convolved map (B, out_channels, H, W); arguments as in :func:`sample_taps`."""
        convolve = convolve_by_grid_sample if self.operator == 'grid_sample' else convolve_by_deform_conv2d
        return convolve(features, matrices, self.weight, self.taps)
