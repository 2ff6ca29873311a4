"""The head's two branches: keypoint and center heatmaps, and one displacement field per center.

Axis letters: B images, K keypoints, G center groups, F filters a keypoint, H and W cells.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmpose.models.backbones.resnet import BasicBlock
from torch import Tensor, nn

from dualcenter_mmpose.models.layers.blocks import BLOCKS


def transition(in_channels: int, out_channels: int) -> nn.Sequential:
    """Return the 1x1 convolution with BN and ReLU that opens each branch."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 1, bias=False), nn.BatchNorm2d(out_channels), nn.ReLU(inplace=True)
    )


class HeatmapBranch(nn.Module):
    """Heatmaps of keypoints and centers, as in DEKR but for the number of centers.

    Args:
        in_channels: of the fused features.
        out_channels: K + G.
        num_filters: width of the branch.
    """

    def __init__(self, in_channels: int, out_channels: int, num_filters: int) -> None:
        super().__init__()
        self.transition = transition(in_channels, num_filters)
        self.block = BasicBlock(num_filters, num_filters)
        self.final = nn.Conv2d(num_filters, out_channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Return (B, K + G, H, W) without an activation."""
        return self.final(self.block(self.transition(features)))


class DisplacementBranch(nn.Module):
    """Displacement fields of all centers from one trunk with separate filters per keypoint.

    The paper's budget leaves no room for a second trunk, or even a second block: only the last 1x1 layer is doubled.
    ``separate_blocks`` duplicates the last one or two blocks per center for ablation.

    Args:
        in_channels: of the fused features.
        num_keypoints: K.
        num_centers: G.
        num_filters_per_keypoint: F.
        blocks: kinds of the blocks in order, keys of :data:`~dualcenter_mmpose.models.layers.blocks.BLOCKS`.
        separate_blocks: how many of the last blocks every center has for itself.

    Raises:
        ValueError: for an unknown block or more separate blocks than there are.
    """

    def __init__(
        self,
        in_channels: int,
        num_keypoints: int,
        num_centers: int,
        num_filters_per_keypoint: int,
        blocks: Sequence[str],
        separate_blocks: int,
    ) -> None:
        super().__init__()
        unknown = sorted(set(blocks) - set(BLOCKS))
        if unknown:
            raise ValueError(f'blocks must be among {sorted(BLOCKS)}, got {unknown}')
        if not 0 <= separate_blocks <= len(blocks):
            raise ValueError(f'separate_blocks must be 0 to {len(blocks)}, got {separate_blocks}')
        self.num_keypoints = num_keypoints
        channels = num_keypoints * num_filters_per_keypoint
        num_shared = len(blocks) - separate_blocks

        def make(kinds: Sequence[str]) -> nn.Sequential:
            return nn.Sequential(*(BLOCKS[kind](channels, num_keypoints) for kind in kinds))

        self.transition = transition(in_channels, channels)
        self.shared_blocks = make(blocks[:num_shared])
        # One stack that serves all centers, or one stack for each of them.
        num_stacks = num_centers if separate_blocks else 1
        self.center_blocks = nn.ModuleList(make(blocks[num_shared:]) for _ in range(num_stacks))
        outputs = 2 * num_keypoints * num_centers // num_stacks
        self.finals = nn.ModuleList(nn.Conv2d(channels, outputs, 1, groups=num_keypoints) for _ in range(num_stacks))

    def forward(self, features: Tensor) -> Tensor:
        """Return (B, G * 2K, H, W) cells: center-major, keypoint inside, x before y."""
        trunk = self.shared_blocks(self.transition(features))
        fields = []
        for blocks, final in zip(self.center_blocks, self.finals):
            # A grouped convolution puts a keypoint's outputs side by side: (K, centers of this stack, 2).
            by_keypoint = final(blocks(trunk)).unflatten(1, (self.num_keypoints, -1, 2))
            fields.append(by_keypoint.transpose(1, 2).flatten(1, 3))  # (B, centers of this stack * 2K, H, W)
        return torch.cat(fields, dim=1) if len(fields) > 1 else fields[0]
