"""``DualCenterHead``: DEKR's trunk with one displacement field per anatomical center.

Axis letters: B images, K keypoints, G center groups, N instances, H and W cells. Maps are laid out as in
:class:`~dualcenter_mmpose.types.DenseMaps`, targets as in
:class:`~dualcenter_mmpose.codecs.targets.DenseTargets`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from mmengine.structures import PixelData
from mmpose.registry import MODELS
from torch import Tensor, nn

from dualcenter_mmpose.assembly.mirroring import turn_back
from dualcenter_mmpose.assembly.training_candidates import PoseTraining
from dualcenter_mmpose.coordinates import mirror_shift
from dualcenter_mmpose.models.heads.bottom_up_head import BottomUpHead, check_map_shape
from dualcenter_mmpose.models.heads.dekr_weights import (
    check_dekr_alignment,
    check_outputs,
    convert_dekr_head,
    is_dekr_head,
)
from dualcenter_mmpose.models.layers.branches import DisplacementBranch, HeatmapBranch
from dualcenter_mmpose.models.pose_nets.pose_level import PoseLevelNets
from dualcenter_mmpose.types import (
    DenseMaps,
    DenseTargets,
    GroundTruthInstances,
    KeypointTargets,
    PoseNetOutputs,
    PredictedInstances,
)

DEKR_TEST_OPTIONS = ('shift_heatmap', 'align_corners', 'nms_dist_thr', 'nms_joints_thr', 'max_num_people')
"""Options of DEKR's ``test_cfg``, accepted so that its configs can be inherited; here the codec decides them."""

INIT_CFG = (
    dict(type='Normal', layer='Conv2d', std=0.001),
    dict(type='Constant', layer='BatchNorm2d', val=1),
)
"""DEKR's. Small weights make the first matrices nearly zero, so that an adaptive convolution starts as a plain one."""


@MODELS.register_module()
class DualCenterHead(BottomUpHead):
    """Heatmaps of keypoints and centers, and displacements from each center to all keypoints.

    Args:
        in_channels: channels of the backbone's maps, from fine to coarse; they are resized to the first and joined.
            A single number for one map that is joined already (MMPose's ``FeatureMapProcessor(concat=True)``).
        num_keypoints: K; must be the codec's.
        decoder: config of the codec, the same that encodes; decides the centers.
        num_heatmap_filters: width of the heatmap branch.
        num_displacement_filters_per_keypoint: width of the displacement branch, per keypoint.
        blocks: kinds of the displacement blocks: ``'adaptive'`` (DEKR's), ``'deformable'`` (the same by torchvision's
            operator, which does not export) or ``'plain'`` (cheap).
        separate_blocks: how many of the last displacement blocks each center has for itself; the paper's cost admits 0.
        heatmap_loss: config of the loss on heatmaps.
        displacement_loss: config of the loss on displacements.
        pose_nets: configs of the pose-level networks, arguments of
            :class:`~dualcenter_mmpose.models.pose_nets.pose_level.PoseLevelNets`; none by default (stage 1).
        pose_training: fields of :class:`~dualcenter_mmpose.assembly.training_candidates.PoseTraining` that differ from
            their defaults.
        train_dense: ``False`` freezes the dense branches, weights and statistics, and leaves their losses out
            (stage 2).
        init_cfg: initialization; DEKR's by default.

    Raises:
        ValueError: if ``num_keypoints`` is not the codec's, or nothing is left to train.

    Source:
        Dual anatomical centers (arXiv 2208.11975), section 3.2, on DEKR (arXiv 2104.02300).
    """

    ignored_test_options = DEKR_TEST_OPTIONS

    def __init__(
        self,
        in_channels: int | Sequence[int],
        num_keypoints: int,
        decoder: Mapping[str, Any],
        num_heatmap_filters: int = 32,
        num_displacement_filters_per_keypoint: int = 15,
        blocks: Sequence[str] = ('adaptive', 'adaptive'),
        separate_blocks: int = 0,
        heatmap_loss: Mapping[str, Any] = dict(type='KeypointMSELoss', use_target_weight=True),
        displacement_loss: Mapping[str, Any] = dict(type='PerCenterSmoothL1Loss'),
        pose_nets: Mapping[str, Any] | None = None,
        pose_training: Mapping[str, Any] = MappingProxyType({}),
        train_dense: bool = True,
        init_cfg: Any = None,
    ) -> None:
        super().__init__(num_keypoints, decoder, init_cfg or [dict(cfg) for cfg in INIT_CFG])
        self.in_channels = in_channels
        self.separate_blocks = separate_blocks
        channels = in_channels if isinstance(in_channels, int) else sum(in_channels)
        self.heatmap_branch = HeatmapBranch(channels, num_keypoints + self.num_centers, num_heatmap_filters)
        self.displacement_branch = DisplacementBranch(
            channels,
            num_keypoints,
            self.num_centers,
            num_displacement_filters_per_keypoint,
            blocks,
            separate_blocks,
        )
        self.loss_module = nn.ModuleDict(
            {'heatmap': MODELS.build(heatmap_loss), 'displacement': MODELS.build(displacement_loss)}
        )
        self.pose_nets = None if pose_nets is None else PoseLevelNets(num_keypoints, channels, **pose_nets)
        self.pose_training = PoseTraining(**pose_training)
        self.train_dense = train_dense
        if not train_dense:
            self._freeze_dense()
        self._register_load_state_dict_pre_hook(self._prepare_weights)

    def _freeze_dense(self) -> None:
        if self.pose_nets is None:
            raise ValueError('train_dense=False leaves nothing to train: give pose_nets')
        for branch in (self.heatmap_branch, self.displacement_branch):
            branch.requires_grad_(False)

    def train(self, mode: bool = True) -> DualCenterHead:
        """Set the training mode; frozen branches stay in test mode, so that their statistics do not move."""
        super().train(mode)
        if not self.train_dense:
            self.heatmap_branch.eval()
            self.displacement_branch.eval()
        return self

    @property
    def num_centers(self) -> int:
        """Number of center groups G."""
        return self.decoder.num_centers

    @property
    def needs_instances(self) -> bool:
        """Whether there are pose-level networks: they train on instances, not on target maps."""
        return self.pose_nets is not None

    def fuse(self, feats: Sequence[Tensor]) -> Tensor:
        """Return the backbone's maps resized to the first one's size and joined.

        Args:
            feats: maps (B, C_i, H_i, W_i) from fine to coarse.
        """
        size = feats[0].shape[-2:]
        resized = [
            feat if feat.shape[-2:] == size else F.interpolate(feat, size=size, mode='bilinear', align_corners=False)
            for feat in feats
        ]
        return torch.cat(resized, dim=1) if len(resized) > 1 else resized[0]

    def forward(self, feats: Sequence[Tensor]) -> DenseMaps:
        """Return the maps of a batch.

        Args:
            feats: the backbone's maps, or one that is fused already.
        """
        fused = self.fuse(feats)
        return DenseMaps(self.heatmap_branch(fused), self.displacement_branch(fused))

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
            batch_data_samples: data samples with the codec's targets, packed or dense.
            train_cfg: not used; part of the contract.
        """
        if self.pose_nets is None:
            return self.loss_on_targets(feats, self.make_targets(batch_data_samples))
        instances = self.unpack_instances(batch_data_samples)
        targets = self.make_targets(batch_data_samples, instances=instances) if self.train_dense else None
        return self.loss_on_targets(feats, targets, instances)

    def loss_on_targets(
        self, feats: Sequence[Tensor], targets: DenseTargets | None, instances: GroundTruthInstances | None = None
    ) -> dict[str, Tensor]:
        """Return the losses of a batch for targets that are made already.

        Args:
            feats: the backbone's maps.
            targets: on the grid of the output; not used by frozen dense branches.
            instances: the ground truth, for the pose-level networks; ``None`` leaves these out, as on other
                scales than the nominal one.
        """
        with torch.set_grad_enabled(self.train_dense and torch.is_grad_enabled()):
            maps = self.forward(feats)
        losses = self._dense_losses(maps, targets) if self.train_dense and targets is not None else {}
        if self.pose_nets is not None and instances is not None:
            losses.update(self._pose_losses(feats, maps, instances))
        return losses

    def _pose_losses(
        self, feats: Sequence[Tensor], maps: DenseMaps, instances: GroundTruthInstances
    ) -> dict[str, Tensor]:
        detached = DenseMaps(maps.heatmaps.detach().float(), maps.displacements.detach().float())
        candidates = self.decoder.training_candidates(detached, instances, self.pose_training)
        targets = self.decoder.match(candidates, instances, self.pose_training.identity_thr)
        keypoint_heatmaps = detached.heatmaps[:, : self.num_keypoints]
        return self.pose_nets.loss(feats, keypoint_heatmaps, candidates, targets, self.decoder.stride)

    def _dense_losses(self, maps: DenseMaps, targets: DenseTargets) -> dict[str, Tensor]:
        check_map_shape(maps.heatmaps, targets.heatmaps)
        # Losses sum over up to a million cells: more than half precision can count.
        heatmaps, displacements = maps.heatmaps.float(), maps.displacements.float()
        return {
            'loss/heatmap': self.loss_module['heatmap'](heatmaps, targets.heatmaps, targets.heatmap_weights),
            'loss/displacement': self.loss_module['displacement'](
                displacements, targets.displacements, targets.displacement_weights, self.num_centers
            ),
        }

    def unpack_instances(self, batch_data_samples: Sequence[Any]) -> GroundTruthInstances:
        """Return the ground-truth instances that the codec packed into a batch of data samples.

        Raises:
            ValueError: for targets that the loader made: they hold maps, not instances.
        """
        if 'heatmaps' in batch_data_samples[0].gt_fields:
            raise ValueError(
                'the pose-level networks need packed targets: set dense_targets=False in the codec of GenerateTarget'
            )
        return self.decoder.unpack(batch_data_samples)

    def make_targets(
        self,
        batch_data_samples: Sequence[Any],
        person_range: tuple[float, float] | None = None,
        instances: GroundTruthInstances | None = None,
        keypoint_targets: KeypointTargets | None = None,
    ) -> DenseTargets:
        """Return the targets of a batch, made on its device unless the loader made them.

        Args:
            batch_data_samples: data samples as the codec encoded them.
            person_range: (lowest, highest) diagonal of a supervised instance, cells; needs packed targets.
            instances: from :meth:`unpack_instances`, where it was called already.
            keypoint_targets: likewise, from the codec.

        Raises:
            ValueError: for a person range with targets that the loader made.
        """
        fields = batch_data_samples[0].gt_fields
        if 'heatmaps' not in fields:
            if instances is None:
                instances = self.unpack_instances(batch_data_samples)
            return self.decoder.make_targets(instances, person_range, keypoint_targets)
        if person_range is not None:
            raise ValueError(
                'a person range per scale needs packed targets: set dense_targets=False in the codec of GenerateTarget'
            )
        self.decoder.check_dense(batch_data_samples)
        return DenseTargets(
            *(torch.stack([s.gt_fields.get(name) for s in batch_data_samples]) for name in DenseTargets._fields)
        )

    # Prediction

    def pack_maps(self, maps: DenseMaps) -> list[PixelData]:
        """One ``PixelData`` per image with ``heatmaps`` (K + G, H, W) and ``displacements`` (G * 2K, H, W)."""
        return [PixelData(heatmaps=h, displacements=d) for h, d in zip(maps.heatmaps, maps.displacements)]

    def predict_instances(self, feats: Sequence[Any], flip_test: bool = False) -> tuple[PredictedInstances, DenseMaps]:
        """Return the predicted instances of a batch on its device, and the maps that they were read from.

        Args:
            feats: the backbone's maps; with ``flip_test`` a pair of them, for the images and for the mirrored images.
            flip_test: average the maps of the two.
        """
        maps = self._predict_maps(feats, flip_test)
        # Features of the mirrored view would have to be turned back layer by layer; the paper's cost has one view.
        return self.instances_from_maps(feats[0] if flip_test else feats, maps), maps

    def instances_from_maps(self, feats: Sequence[Tensor], maps: DenseMaps) -> PredictedInstances:
        """Predicted instances of a batch: candidates, the pose-net outputs for them, and their groups.

        Args:
            feats: the backbone's maps, which the networks sample; not read without networks.
            maps: from :meth:`forward`, float32.
        """
        candidates = self.decoder.find_candidates(maps)
        outputs = PoseNetOutputs()
        if self.pose_nets is not None:
            outputs = self.pose_nets.predict(feats, maps.heatmaps[:, : self.num_keypoints], candidates)
        return self.decoder.group_candidates(maps, candidates, outputs)

    def _predict_maps(self, feats: Sequence[Any], flip_test: bool) -> DenseMaps:
        if not flip_test:
            return DenseMaps(*(maps.detach().float() for maps in self.forward(feats)))
        straight, mirrored = (self.forward(view) for view in feats)
        mirrored = self.turn_back(DenseMaps(mirrored.heatmaps.float(), mirrored.displacements.float()))
        return DenseMaps(*((a.float() + b).detach() / 2 for a, b in zip(straight, mirrored)))

    def turn_back(self, maps: DenseMaps) -> DenseMaps:
        """Maps of mirrored images as maps of the images; see :mod:`dualcenter_mmpose.assembly.mirroring`."""
        codec = self.decoder
        return turn_back(maps, codec.layout.flip_indices, self.num_centers, mirror_shift(codec.stride, codec.align))

    def _prepare_weights(self, state_dict: dict[str, Tensor], prefix: str, *_: Any) -> None:
        """Refuse a checkpoint with other outputs, and rename a DEKR checkpoint's head, before it is loaded.

        mmengine loads what fits and only warns of the rest: a model with a random last layer would be tested.
        """
        check_outputs(state_dict, prefix, self.num_keypoints, self.num_centers)
        if not is_dekr_head(state_dict, prefix):
            return
        check_dekr_alignment(self.decoder.align)
        converted = convert_dekr_head(state_dict, prefix, self.num_keypoints, self.num_centers, self.separate_blocks)
        for key in [key for key in state_dict if key.startswith(prefix)]:
            del state_dict[key]
        state_dict.update(converted)
