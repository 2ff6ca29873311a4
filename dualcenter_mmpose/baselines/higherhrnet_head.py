"""``HigherHRNetHead``: heatmaps at 1/4 and 1/2 of the input, and tags that say which keypoints belong together.

Axis letters: B images, K keypoints, H and W cells of the coarse level (1/4), L tag dimensions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from mmengine.structures import InstanceData, PixelData
from mmpose.models.heads.base_head import BaseHead
from mmpose.registry import KEYPOINT_CODECS, MODELS
from torch import Tensor, nn

from dualcenter_mmpose.baselines.layers import DeconvStage
from dualcenter_mmpose.baselines.level_targets import LevelTargets, locate_tags, make_level_targets
from dualcenter_mmpose.baselines.tag_decoding import TaggedPeople
from dualcenter_mmpose.baselines.tag_loss import tag_losses
from dualcenter_mmpose.geometry import tight_boxes

TEST_OPTIONS = ('flip_test', 'output_heatmaps', 'multiscale_test')

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
        scales: scale maps of both levels, shaped like the heatmaps; none for HigherHRNet.
    """

    coarse: Tensor
    fine: Tensor
    tags: Tensor
    scales: tuple[Tensor, ...] = ()


@MODELS.register_module()
class HigherHRNetHead(BaseHead):
    """Keypoint heatmaps at two resolutions with associative embedding.

    Args:
        in_channels: channels of the backbone's finest map, the only one that is used.
        num_keypoints: K; must be the codec's.
        decoder: config of the codec, ``AssociativeEmbeddingGrouping``.
        num_deconv_filters: channels of the fine level; those of HRNet's finest map.
        num_blocks: residual blocks of the fine level.
        heatmap_loss: config of the loss on heatmaps, used for each level.
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
        super().__init__(init_cfg if init_cfg is not None else [dict(cfg) for cfg in INIT_CFG])
        self.decoder = KEYPOINT_CODECS.build(dict(decoder))
        if num_keypoints != self.decoder.num_keypoints:
            raise ValueError(
                f"num_keypoints is {num_keypoints} but the codec's keypoint set '{self.decoder.layout.name}' has "
                f'{self.decoder.num_keypoints}; give both the same data set'
            )
        self.in_channels, self.num_keypoints = in_channels, num_keypoints
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
        coarse, tags = predicted.split(self.num_keypoints, dim=1)
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
            batch_data_samples: data samples with the codec's packed persons.
            train_cfg: not used; part of the contract.
        """
        maps = self.forward(feats)
        # Losses sum over up to a million cells, targets need exact places: half precision has neither.
        with torch.autocast(maps.tags.device.type, enabled=False):
            people = self.decoder.unpack(batch_data_samples)
            pull, push = tag_losses(maps.tags.float(), locate_tags(people))
            losses = self.heatmap_losses(maps, make_level_targets(people, self.decoder.sigma))
        losses['loss/pull'], losses['loss/push'] = self.tag_loss_weight * pull, self.tag_loss_weight * push
        return losses

    def heatmap_losses(self, maps: EmbeddingMaps, targets: Sequence[LevelTargets]) -> dict[str, Tensor]:
        """Return the losses on the heatmaps of both levels.

        Args:
            maps: the output for the batch.
            targets: of the coarse and the fine level.
        """
        losses = {}
        for name, predicted, target in zip(('coarse', 'fine'), (maps.coarse, maps.fine), targets):
            check_shape(predicted, target)
            losses[f'loss/heatmap_{name}'] = self.loss_module(
                predicted.float(), target.heatmaps, mask=target.valid_mask
            )
        return losses

    # Prediction

    def predict(
        self,
        feats: Sequence[Any],
        batch_data_samples: Sequence[Any],
        test_cfg: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the people of a batch of any size (MMPose's contract).

        Args:
            feats: the backbone's maps; with ``flip_test`` a pair of them, for the images and for the mirrored images.
            batch_data_samples: data samples of the images.
            test_cfg: ``flip_test``, ``output_heatmaps``.

        Returns:
            One ``InstanceData`` per image, best person first, all in input px: ``keypoints`` (N, K, 2),
            ``keypoint_scores`` (N, K), ``bboxes`` (N, 4) xyxy around all keypoints, ``bbox_scores`` (N,) the
            instance score. With ``output_heatmaps`` also one ``PixelData`` per image with the fine ``heatmaps``.

        Raises:
            KeyError: for an unknown option in ``test_cfg``.
            NotImplementedError: for ``multiscale_test``, which MMPose 1.x cannot feed.
        """
        test_cfg = test_cfg or {}
        _check_test_options(test_cfg, type(self).__name__)
        levels, tags = self._predict_maps(feats, test_cfg.get('flip_test', False))
        instances = [pack_instances(people) for people in self.decoder.batch_decode(levels, tags)]
        if not test_cfg.get('output_heatmaps', False):
            return instances
        return instances, [PixelData(heatmaps=heatmaps) for heatmaps in levels[-1]]

    def _predict_maps(self, feats: Sequence[Any], flip_test: bool) -> tuple[list[Tensor], Tensor]:
        """Return the heatmaps of both levels and the tags (B, L, K, H, W); L is 2 with the mirrored view."""
        views = [self.forward(view) for view in (feats if flip_test else [feats])]
        sides = [[maps.coarse.float(), maps.fine.float(), maps.tags.float()] for maps in views]
        if flip_test:
            swapped = list(self.decoder.layout.flip_indices)
            sides[1] = [maps[:, swapped].flip(-1) for maps in sides[1]]
        *levels, tags = (torch.stack(pair, dim=1).detach() for pair in zip(*sides))
        return [level.mean(dim=1) for level in levels], tags


def check_shape(predicted: Tensor, target: LevelTargets) -> None:
    """Raise a ValueError if heatmaps and targets of a level differ in size."""
    if predicted.shape != target.heatmaps.shape:
        raise ValueError(
            f'the head puts out heatmaps {tuple(predicted.shape)} but the targets are '
            f'{tuple(target.heatmaps.shape)}; the training images and input_size of the codec must have the same size'
        )


def _check_test_options(test_cfg: Mapping[str, Any], name: str) -> None:
    unknown = sorted(set(test_cfg) - set(TEST_OPTIONS))
    if unknown:
        raise KeyError(f'test_cfg has unknown options {unknown}; {name} knows {list(TEST_OPTIONS)}')
    if test_cfg.get('multiscale_test', False):
        raise NotImplementedError('multiscale_test: MMPose 1.x stacks image pyramids wrongly; test at one scale')


def pack_instances(people: TaggedPeople) -> InstanceData:
    """Return the people of one image as numpy arrays, keypoints in input px."""
    return InstanceData(
        keypoints=people.keypoints.cpu().numpy(),
        keypoint_scores=people.keypoint_scores.cpu().numpy(),
        bboxes=tight_boxes(people.keypoints).cpu().numpy(),
        bbox_scores=people.scores.cpu().numpy(),
    )
