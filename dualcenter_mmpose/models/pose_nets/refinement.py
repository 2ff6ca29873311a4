"""``PoseRefinementNet``: a correction of a pose, in units of its own size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from mmpose.registry import MODELS
from torch import Tensor, nn

from dualcenter_mmpose.assembly.features import normalize_poses
from dualcenter_mmpose.models.pose_nets.stem import PoseStem, dense_layers


@MODELS.register_module()
class PoseRefinementNet(nn.Module):
    """Regress the residual from a pose to its instance's keypoints, divided by the pose's diagonal.

    In pixels the loss would be ruled by large instances, by a factor of about 100 between one of 40 px and one of 400
    px. The last layer starts at zero: untrained, the network is the identity.

    Args:
        num_keypoints: K.
        in_channels: C, channels of the backbone's maps together.
        width: of the shared projection.
        hidden: sizes of the hidden layers.
        dropout: probability.
        max_residual: bound on the correction of each coordinate, diagonals.

    Source:
        Dual anatomical centers (arXiv 2208.11975), section 3.3 and Eq. 3.
    """

    def __init__(
        self,
        num_keypoints: int,
        in_channels: int,
        width: int = 160,
        hidden: Sequence[int] = (1536, 1024),
        dropout: float = 0.1,
        max_residual: float = 0.25,
    ) -> None:
        super().__init__()
        self.max_residual = max_residual
        self.num_keypoints = num_keypoints
        self.stem = PoseStem(num_keypoints, in_channels, width)
        inputs = self.stem.out_features + 2 * num_keypoints
        self.layers = dense_layers((inputs, *hidden, 2 * num_keypoints), dropout)
        last = cast(nn.Linear, self.layers[-1])  # nothing stands behind the last dense layer
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)

    def residuals(self, features: Tensor, keypoints: Tensor) -> tuple[Tensor, Tensor]:
        """Return the residuals before they are bounded, and the poses' diagonals.

        Args:
            features: (..., K, C + K).
            keypoints: (..., K, 2) cells.

        Returns:
            (..., K, 2) diagonals, and (..., 1, 1) cells.
        """
        normalized, diagonals = normalize_poses(keypoints)
        inputs = torch.cat((self.stem(features), normalized.flatten(-2)), dim=-1)  # (..., K * d + 2K)
        return self.layers(inputs).unflatten(-1, (self.num_keypoints, 2)), diagonals

    def forward(self, features: Tensor, keypoints: Tensor) -> Tensor:
        """Return refined poses (..., K, 2) in cells; arguments as in :meth:`residuals`."""
        residuals, diagonals = self.residuals(features, keypoints)
        return keypoints + residuals.clamp(-self.max_residual, self.max_residual) * diagonals
