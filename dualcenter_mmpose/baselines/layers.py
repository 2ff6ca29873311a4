"""Layers that the baselines put on HRNet's finest map.

Axis letters: B images, C channels, K keypoints, H and W cells of the coarse resolution.
"""

from __future__ import annotations

import torch
from mmpose.models.backbones.resnet import BasicBlock
from torch import Tensor, nn

SCALE_KERNEL = 9


class DeconvStage(nn.Module):
    """HigherHRNet's step to twice the resolution: transposed convolution, then residual blocks.

    Args:
        in_channels: of the features and the maps predicted from them, joined.
        out_channels: of the new features.
        num_blocks: residual blocks.

    Source:
        HigherHRNet (arXiv 1908.10357), section 3, "deconvolution module": 4 x 4 kernels, four residual blocks.
    """

    def __init__(self, in_channels: int, out_channels: int, num_blocks: int) -> None:
        super().__init__()
        self.upsample = nn.Sequential(
            nn.ConvTranspose2d(in_channels, out_channels, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
        )
        self.blocks = nn.Sequential(*(BasicBlock(out_channels, out_channels) for _ in range(num_blocks)))

    def forward(self, features: Tensor, predicted: Tensor) -> Tensor:
        """Return (B, out_channels, 2H, 2W).

        Args:
            features: (B, C, H, W).
            predicted: maps (B, in_channels - C, H, W).
        """
        upsampled: Tensor = self.upsample(torch.cat((features, predicted), dim=1))
        refined: Tensor = self.blocks(upsampled)
        return refined


class ScaleBranch(nn.Sequential):
    """SWAHR's branch: features (B, C, H, W) -> scale maps (B, K, H, W), one large depthwise kernel each.

    Args:
        in_channels: C.
        num_keypoints: K.

    Source:
        SWAHR (arXiv 2012.15175): 1 x 1, BN, ReLU, depthwise 9 x 9.
    """

    def __init__(self, in_channels: int, num_keypoints: int) -> None:
        super().__init__(
            nn.Conv2d(in_channels, num_keypoints, 1, bias=False),
            nn.BatchNorm2d(num_keypoints),
            nn.ReLU(inplace=True),
            nn.Conv2d(num_keypoints, num_keypoints, SCALE_KERNEL, padding=SCALE_KERNEL // 2, groups=num_keypoints),
        )
