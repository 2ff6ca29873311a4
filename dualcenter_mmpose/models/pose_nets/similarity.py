"""``PoseSimilarityNet``: an embedding in which poses of one instance are close."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F  # noqa: N812
from mmpose.registry import MODELS
from torch import Tensor, nn

from dualcenter_mmpose.models.pose_nets.stem import PoseStem, dense_layers


@MODELS.register_module()
class PoseSimilarityNet(nn.Module):
    """Embed poses; the cosine of two embeddings is their similarity in appearance.

    Args:
        num_keypoints: K.
        in_channels: C, channels of the backbone's maps together.
        width: of the shared projection.
        hidden: sizes of the hidden layers.
        embedding: size of the embedding.
        dropout: probability.

    Source:
        Dual anatomical centers (arXiv 2208.11975), section 3.2. Sizes: the paper's totals of parameters and operations.
    """

    def __init__(
        self,
        num_keypoints: int,
        in_channels: int,
        width: int = 160,
        hidden: Sequence[int] = (1024,),
        embedding: int = 512,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.stem = PoseStem(num_keypoints, in_channels, width)
        self.layers = dense_layers((self.stem.out_features, *hidden, embedding), dropout)

    def forward(self, features: Tensor) -> Tensor:
        """Return unit embeddings (..., E) of features (..., K, C + K)."""
        return F.normalize(self.layers(self.stem(features)), dim=-1)
