"""One batch's targets and losses for every scale; what scales have in common is made once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from torch import Tensor

from dualcenter_mmpose.codecs.targets import scale_instances
from dualcenter_mmpose.models.pose_estimators.contracts import PoseHead, PoseLevelHead, TargetSharingHead
from dualcenter_mmpose.models.pose_estimators.scales import TrainingScale
from dualcenter_mmpose.models.pose_estimators.target_windows import crop_fields, crop_targets
from dualcenter_mmpose.types import DenseTargets, GroundTruthInstances, KeypointTargets


@dataclass(frozen=True)
class TargetRequest:
    """Which targets a scale wants.

    Attributes:
        person_range: (lowest, highest) diagonal in cells of the grid asked for; ``None`` for the codec's own.
        grid_factor: cells of that grid per nominal cell, a side.
        corner: (x, y) of the first cell of the part that the scale sees; ``None`` for all of the grid.
        with_instances: whether pose-level networks, where the head has any, train too.
    """

    person_range: tuple[float, float] | None = None
    grid_factor: float = 1.0
    corner: tuple[int, int] | None = None
    with_instances: bool = False


class ScaleTargets(ABC):
    """Targets of a batch, asked for scale by scale; :func:`make_scale_targets` picks the kind.

    Args:
        decoder: codec of the nominal head.
        data_samples: the batch.
    """

    def __init__(self, decoder: Any, data_samples: Sequence[Any]) -> None:
        self.decoder = decoder
        self.data_samples = data_samples

    @property
    def grid_size(self) -> tuple[int, int]:
        """(W, H) of the nominal grid that the targets were encoded for."""
        fields = self.data_samples[0].gt_fields
        if 'heatmaps' in fields:
            return fields.heatmaps.shape[-1], fields.heatmaps.shape[-2]
        width, height = self.decoder.heatmap_size
        return width, height

    @abstractmethod
    def loss(self, head: PoseHead, feats: Sequence[Tensor], request: TargetRequest) -> dict[str, Tensor]:
        """Return a head's losses.

        Args:
            head: of the scale, alike to the nominal one.
            feats: (B, C_i, H_i, W_i) maps of the scale, the first on the grid asked for.
            request: which targets.
        """


class LoaderTargets(ScaleTargets):
    """Targets as the loader made them, the same for every scale: each head reads them from the data samples.

    Args:
        head: the nominal head.
        data_samples: the batch.
        train_cfg: handed on to the heads' ``loss``.
    """

    def __init__(self, head: PoseHead, data_samples: Sequence[Any], train_cfg: Mapping[str, Any]) -> None:
        super().__init__(head.decoder, data_samples)
        self.train_cfg = train_cfg

    def loss(self, head: PoseHead, feats: Sequence[Tensor], request: TargetRequest) -> dict[str, Tensor]:
        """Return a head's losses; arguments as in the base class. Only the window counts of the request."""
        samples = self.data_samples
        if request.corner is not None:
            samples = crop_fields(samples, request.corner, (feats[0].shape[-1], feats[0].shape[-2]))
        return head.loss(feats, samples, train_cfg=self.train_cfg)


class SharedTargets(ScaleTargets):
    """Targets that the head makes: scales share the keypoint heatmaps, and each has a person range of its own.

    Args:
        head: the nominal head; defines the targets.
        data_samples: the batch.
    """

    def __init__(self, head: TargetSharingHead, data_samples: Sequence[Any]) -> None:
        super().__init__(head.decoder, data_samples)
        self.head = head

    @property
    def are_packed(self) -> bool:
        """Whether the loader packed keypoints, so that targets can be made for any grid and person range."""
        return 'heatmaps' not in self.data_samples[0].gt_fields

    @cached_property
    def instances(self) -> GroundTruthInstances:
        """The instances of the batch on the nominal grid."""
        return self.head.unpack_instances(self.data_samples)

    @cached_property
    def keypoint_targets(self) -> KeypointTargets:
        """The part of the targets that all scales on the nominal grid share."""
        return self.head.decoder.make_keypoint_targets(self.instances)

    def dense_targets(self, request: TargetRequest) -> DenseTargets:
        """Return the targets on the whole grid that is asked for."""
        if not self.are_packed:
            return self.head.make_targets(self.data_samples, request.person_range)
        if request.grid_factor == 1:
            shared = self.instances, self.keypoint_targets
            return self.head.make_targets(self.data_samples, request.person_range, *shared)
        scaled = scale_instances(self.instances, request.grid_factor, self.head.decoder.align)
        return self.head.make_targets(self.data_samples, request.person_range, scaled)

    def loss(self, head: PoseHead, feats: Sequence[Tensor], request: TargetRequest) -> dict[str, Tensor]:
        """Return a head's losses; arguments as in the base class."""
        targets = self.dense_targets(request)
        if request.corner is not None:
            targets = crop_targets(targets, request.corner, (feats[0].shape[-1], feats[0].shape[-2]))
        if request.with_instances and isinstance(head, PoseLevelHead) and head.needs_instances:
            return head.loss_on_targets(feats, targets, self.instances)
        # The heads of all scales are built from the nominal one's config.
        return cast(TargetSharingHead, head).loss_on_targets(feats, targets)


def make_scale_targets(head: PoseHead, data_samples: Sequence[Any], train_cfg: Mapping[str, Any]) -> ScaleTargets:
    """Return the targets of a batch.

    Args:
        head: the nominal head; decides who makes the targets.
        data_samples: the batch.
        train_cfg: handed on to heads that read the data samples.
    """
    if isinstance(head, TargetSharingHead):
        return SharedTargets(head, data_samples)
    return LoaderTargets(head, data_samples, train_cfg)


@dataclass(frozen=True)
class ScalePass:
    """One pass of a training step through the network.

    Attributes:
        scale: whose images are shown.
        share: of its loss in that of the step; those of a step add up to 1.
        targets: of the batch.
    """

    scale: TrainingScale
    share: float
    targets: ScaleTargets


def person_range_in_cells(
    limits: tuple[float, float], scale: TrainingScale, stride: float, nominal_side: int, own_grid: bool
) -> tuple[float, float]:
    """Return the (lowest, highest) diagonals that a scale supervises, in cells of the grid that its targets live on.

    Args:
        limits: (px, share): the lowest in the scale's own pixels, the highest in the scale's shorter side.
        scale: the scale; the nominal one has no upper bound.
        stride: nominal pixels per nominal cell.
        nominal_side: shorter side of the nominal input, px.
        own_grid: whether the targets live on the scale's own grid in place of the nominal one.
    """
    # Cells of an own grid are as many pixels of the scale itself; nominal cells are stride * factor of them.
    cell = stride if own_grid else stride * scale.factor
    highest = float('inf') if scale.is_nominal else limits[1] * nominal_side * scale.factor / cell
    return limits[0] / cell, highest
