"""``SWAHRHead``: HigherHRNet with Gaussians that adapt to each instance's scale, cells weighted by how sure they are.

Axis letters: B images, K keypoints, H and W cells of the coarse resolution (1/4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mmpose.registry import MODELS
from torch import Tensor, nn

from dualcenter_mmpose.baselines.higherhrnet_head import EmbeddingMaps, HigherHRNetHead
from dualcenter_mmpose.baselines.layers import ScaleBranch
from dualcenter_mmpose.baselines.resolution_targets import ResolutionTargets
from dualcenter_mmpose.baselines.scale_adaptive import adaptive_heatmap_loss
from dualcenter_mmpose.models.heads.bottom_up_head import check_map_shape


@MODELS.register_module()
class SWAHRHead(HigherHRNetHead):
    """HigherHRNet's head with one scale branch per resolution and SWAHR's loss; tests do not need the branches.

    The paper does not spell out how the fine resolution gets its scales. Its printed multiply-adds do: over HigherHRNet
    they grow by 0.1 G (width 32) and 0.3 G (width 48). One branch per resolution costs 0.16 and 0.28 G; one branch at
    the coarse resolution alone, its maps resized for the fine one, would cost 0.03 and 0.06 G.

    Args:
        in_channels: as :class:`~dualcenter_mmpose.baselines.higherhrnet_head.HigherHRNetHead`.
        num_keypoints: likewise.
        decoder: likewise.
        num_deconv_filters: likewise.
        num_blocks: likewise.
        gamma: exponent of the cells' weights.
        penalty_weight: weight of the scale penalty.
        tag_loss_weight: weight of the pull and the push loss.
        init_cfg: initialization; small weights start all scales near 0, "as annotated".

    Source:
        SWAHR (arXiv 2012.15175), section 3.
    """

    def __init__(
        self,
        in_channels: int,
        num_keypoints: int,
        decoder: Mapping[str, Any],
        num_deconv_filters: int = 32,
        num_blocks: int = 4,
        gamma: float = 0.01,
        penalty_weight: float = 1.0,
        tag_loss_weight: float = 0.001,
        init_cfg: Any = None,
    ) -> None:
        super().__init__(
            in_channels,
            num_keypoints,
            decoder,
            num_deconv_filters,
            num_blocks,
            tag_loss_weight=tag_loss_weight,
            init_cfg=init_cfg,
        )
        self.gamma, self.penalty_weight = gamma, penalty_weight
        self.scale_branches = nn.ModuleList(
            ScaleBranch(channels, num_keypoints) for channels in (in_channels, num_deconv_filters)
        )

    def _scales(self, coarse_features: Tensor, fine_features: Tensor) -> tuple[Tensor, ...]:
        coarse_branch, fine_branch = self.scale_branches
        return coarse_branch(coarse_features), fine_branch(fine_features)

    def heatmap_losses(self, maps: EmbeddingMaps, targets: Sequence[ResolutionTargets]) -> dict[str, Tensor]:
        """Return the adaptive losses and the scale penalties of both resolutions."""
        losses = {}
        for name, predicted, scales, target in zip(('coarse', 'fine'), (maps.coarse, maps.fine), maps.scales, targets):
            check_map_shape(predicted, target.heatmaps)
            parts = adaptive_heatmap_loss(
                predicted.float(), scales.float(), target.heatmaps, target.valid_mask, self.gamma
            )
            losses[f'loss/heatmap_{name}'] = parts.regression
            losses[f'loss/scale_{name}'] = self.penalty_weight * parts.penalty
        return losses
