"""``HigherHRNetHead``: heatmaps at 1/4 and 1/2 of the input, and tags that say which keypoints belong together.

Axis letters: B images, K keypoints, H and W cells of the coarse resolution (1/4), L tag dimensions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from mmengine.structures import PixelData
from mmpose.registry import MODELS
from torch import Tensor, nn

from dualcenter_mmpose.baselines.layers import DeconvStage
from dualcenter_mmpose.baselines.resolution_targets import ResolutionTargets, locate_tags, make_resolution_targets
from dualcenter_mmpose.baselines.tag_loss import tag_losses
from dualcenter_mmpose.models.heads.bottom_up_head import BottomUpHead, check_map_shape
from dualcenter_mmpose.types import PredictedInstances

INIT_CFG = (
    dict(type='Normal', layer=['Conv2d', 'ConvTranspose2d'], std=0.001),
    dict(type='Constant', layer='BatchNorm2d', val=1),
)


class EmbeddingMaps(NamedTuple):
    """What the head predicts per cell.

    Attributes:
        coarse: heatmaps (B, K, H, W).
        fine: heatmaps (B, K, 2H, 2W).
        tags: (B, K, H, W).
        scales: scale maps of both resolutions, shaped like the heatmaps; none for HigherHRNet.
    """

    coarse: Tensor
    fine: Tensor
    tags: Tensor
    scales: tuple[Tensor, ...] = ()


@MODELS.register_module()
class HigherHRNetHead(BottomUpHead):
    """Keypoint heatmaps at two resolutions with associative embedding.

    Args:
        in_channels: channels of the backbone's finest map, the only one that is used.
        num_keypoints: K; must be the codec's.
        decoder: config of the codec, ``AssociativeEmbeddingGrouping``.
        num_deconv_filters: channels of the fine resolution; those of HRNet's finest map.
        num_blocks: residual blocks of the fine resolution.
        heatmap_loss: config of the loss on heatmaps, used for each resolution.
        tag_loss_weight: weight of the pull and the push loss.
        init_cfg: initialization; normal with a deviation of 0.001 by default.

    Raises:
        ValueError: if ``num_keypoints`` is not the codec's.

    Source:
        HigherHRNet (arXiv 1908.10357), section 3.
    """

    def __init__(
        self,
        in_channels: int,
        num_keypoints: int,
        decoder: Mapping[str, Any],
        num_deconv_filters: int = 32,
        num_blocks: int = 4,
        heatmap_loss: Mapping[str, Any] = dict(type='KeypointMSELoss'),
        tag_loss_weight: float = 0.001,
        init_cfg: Any = None,
    ) -> None:
        default = [dict(cfg) for cfg in INIT_CFG]
        super().__init__(num_keypoints, decoder, init_cfg if init_cfg is not None else default)
        self.in_channels = in_channels
        self.tag_loss_weight = tag_loss_weight
        self.coarse_final = nn.Conv2d(in_channels, 2 * num_keypoints, 1)  # heatmaps and tags
        self.deconv = DeconvStage(in_channels + 2 * num_keypoints, num_deconv_filters, num_blocks)
        self.fine_final = nn.Conv2d(num_deconv_filters, num_keypoints, 1)
        self.loss_module = MODELS.build(heatmap_loss)

    def forward(self, feats: Sequence[Tensor]) -> EmbeddingMaps:
        """Return the maps of a batch.

        Args:
            feats: the backbone's maps from fine to coarse; only the first, at 1/4 of the input, is used.
        """
        predicted = self.coarse_final(feats[0])
        fine_features = self.deconv(feats[0], predicted)
        coarse, tags = predicted.split(self.num_keypoints, dim=1)  # each (B, K, H, W)
        return EmbeddingMaps(coarse, self.fine_final(fine_features), tags, self._scales(feats[0], fine_features))

    def _scales(self, coarse_features: Tensor, fine_features: Tensor) -> tuple[Tensor, ...]:
        return ()

    # Training

    def loss(
        self,
        feats: Sequence[Tensor],
        batch_data_samples: Sequence[Any],
        train_cfg: Mapping[str, Any] | None = None,
    ) -> dict[str, Tensor]:
        """Return the losses of a batch (MMPose's contract).

        Args:
            feats: the backbone's maps.
            batch_data_samples: data samples with the codec's packed instances.
            train_cfg: not used; part of the contract.
        """
        maps = self.forward(feats)
        # Losses sum over up to a million cells, targets need exact places: half precision has neither.
        with torch.autocast(maps.tags.device.type, enabled=False):
            instances = self.decoder.unpack(batch_data_samples)
            pull, push = tag_losses(maps.tags.float(), locate_tags(instances))
            losses = self.heatmap_losses(maps, make_resolution_targets(instances, self.decoder.sigma))
        losses['loss/pull'], losses['loss/push'] = self.tag_loss_weight * pull, self.tag_loss_weight * push
        return losses

    def heatmap_losses(self, maps: EmbeddingMaps, targets: Sequence[ResolutionTargets]) -> dict[str, Tensor]:
        """Return the losses on the heatmaps of both resolutions.

        Args:
            maps: the output for the batch.
            targets: of the coarse and the fine resolution.
        """
        losses = {}
        for name, predicted, target in zip(('coarse', 'fine'), (maps.coarse, maps.fine), targets):
            check_map_shape(predicted, target.heatmaps)
            losses[f'loss/heatmap_{name}'] = self.loss_module(
                predicted.float(), target.heatmaps, mask=target.valid_mask
            )
        return losses

    # Prediction

    def predict_instances(
        self, feats: Sequence[Any], flip_test: bool = False
    ) -> tuple[PredictedInstances, list[Tensor]]:
        """Return the instances of a batch on its device, keypoints in input px, and the heatmaps, coarse and fine.

        Args:
            feats: the backbone's maps; with ``flip_test`` a pair of them, for the images and for the mirrored images.
            flip_test: average the heatmaps of the two and group by the tags of both.
        """
        heatmaps, tags = self._predict_maps(feats, flip_test)
        return self.decoder.batch_decode(heatmaps, tags), heatmaps

    def pack_maps(self, maps: list[Tensor]) -> list[PixelData]:
        """Return one ``PixelData`` per image with the fine ``heatmaps``."""
        return [PixelData(heatmaps=heatmaps) for heatmaps in maps[-1]]

    def _predict_maps(self, feats: Sequence[Any], flip_test: bool) -> tuple[list[Tensor], Tensor]:
        """Return the heatmaps of both resolutions and the tags (B, L, K, H, W); L is 2 with the mirrored view."""
        views = [self.forward(view) for view in (feats if flip_test else [feats])]
        sides = [[maps.coarse.float(), maps.fine.float(), maps.tags.float()] for maps in views]
        if flip_test:
            swapped = list(self.decoder.layout.flip_indices)
            sides[1] = [maps[:, swapped].flip(-1) for maps in sides[1]]
        # Each (B, views, K, H_i, W_i).
        coarse, fine, tags = (torch.stack(pair, dim=1).detach() for pair in zip(*sides))
        return [coarse.mean(dim=1), fine.mean(dim=1)], tags
