"""The part that the three pose-level networks have in common: a projection shared by all keypoints, and dense layers.

A first layer on the flattened features would cost 17 x 497 weights a unit; the paper's budget allows 19 to 67 such
units in all. So each keypoint's features are projected by the same weights first.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn


class PoseStem(nn.Module):
    """Project every keypoint's features by shared weights and flatten.

    Args:
        num_keypoints: K.
        in_channels: C, channels of the backbone's maps together.
        width: d, of the projection.
    """

    def __init__(self, num_keypoints: int, in_channels: int, width: int) -> None:
        super().__init__()
        self.projection = nn.Linear(in_channels + num_keypoints, width)
        self.act = nn.GELU()
        self.out_features = num_keypoints * width

    def forward(self, features: Tensor) -> Tensor:
        """Return (..., K * d) from features (..., K, C + K)."""
        return self.act(self.projection(features)).flatten(-2)


def dense_layers(sizes: Sequence[int], dropout: float = 0.0) -> nn.Sequential:
    """Return dense layers with LayerNorm, GELU and dropout between them, none after the last.

    Args:
        sizes: of the input, the hidden layers and the output.
        dropout: probability.
    """
    layers: list[nn.Module] = []
    for idx, (before, after) in enumerate(zip(sizes, sizes[1:])):
        layers.append(nn.Linear(before, after))
        if idx < len(sizes) - 2:
            layers += [nn.LayerNorm(after), nn.GELU(), nn.Dropout(dropout)]
    return nn.Sequential(*layers)
