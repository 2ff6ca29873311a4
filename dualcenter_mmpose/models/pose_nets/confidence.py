"""``PoseConfidenceNet``: how good a pose is, as the OKS that it would get."""

from __future__ import annotations

from collections.abc import Sequence

from mmpose.registry import MODELS
from torch import Tensor, nn

from dualcenter_mmpose.models.pose_nets.stem import PoseStem, dense_layers


@MODELS.register_module()
class PoseConfidenceNet(nn.Module):
    """Regress the OKS of poses from features and heatmaps alone.

    Args:
        num_keypoints: K.
        in_channels: C, channels of the backbone's maps together.
        width: of the shared projection.
        hidden: sizes of the hidden layers.
        dropout: probability.

    Source:
        Dual anatomical centers (arXiv 2208.11975), section 3.3 and Eq. 2.
    """

    def __init__(
        self,
        num_keypoints: int,
        in_channels: int,
        width: int = 160,
        hidden: Sequence[int] = (1536, 256),
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.stem = PoseStem(num_keypoints, in_channels, width)
        self.layers = dense_layers((self.stem.out_features, *hidden, 1), dropout)

    def forward(self, features: Tensor) -> Tensor:
        """Return confidences (...) in [0, 1] of features (..., K, C + K)."""
        return self.layers(self.stem(features)).squeeze(-1).sigmoid()
