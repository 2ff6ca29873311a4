"""What multi-scale training asks of a head, as types: a head takes part by having the methods, not by a base class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from torch import Tensor

from dualcenter_mmpose.types import DenseTargets, GroundTruthInstances, KeypointTargets


class PoseHead(Protocol):
    """MMPose's contract: a head with a codec that computes its losses from data samples.

    Attributes:
        decoder: the codec; with ``heatmap_size`` (W, H) where the loader makes no heatmaps.
    """

    decoder: Any

    def loss(
        self, feats: Sequence[Tensor], batch_data_samples: Sequence[Any], train_cfg: Mapping[str, Any]
    ) -> dict[str, Tensor]:
        """Return the losses of a batch."""


class TargetSharingCodec(Protocol):
    """The codec of a :class:`TargetSharingHead`.

    Attributes:
        heatmap_size: (W, H) of the nominal grid, cells.
        align: cell alignment, see :mod:`dualcenter_mmpose.coordinates`.
    """

    heatmap_size: tuple[int, int]
    align: str

    def make_keypoint_targets(self, instances: GroundTruthInstances) -> KeypointTargets:
        """Return the part of the targets that all scales on the nominal grid share."""


@runtime_checkable
class TargetSharingHead(Protocol):
    """A head that makes targets itself, so that scales can share them and each supervise instances of its own sizes.

    Attributes:
        decoder: its codec.
    """

    decoder: TargetSharingCodec

    def unpack_instances(self, batch_data_samples: Sequence[Any]) -> GroundTruthInstances:
        """Return the instances that the loader packed."""

    def make_targets(
        self,
        batch_data_samples: Sequence[Any],
        person_range: tuple[float, float] | None = None,
        instances: GroundTruthInstances | None = None,
        keypoint_targets: KeypointTargets | None = None,
    ) -> DenseTargets:
        """Return the targets of a batch for instances whose diagonals lie in a range, cells."""

    def loss_on_targets(
        self, feats: Sequence[Tensor], targets: DenseTargets, instances: GroundTruthInstances | None = None
    ) -> dict[str, Tensor]:
        """Return the losses for targets that are made already."""


@runtime_checkable
class PoseLevelHead(TargetSharingHead, Protocol):
    """A head that may also have pose-level networks, which train on the nominal scale alone.

    Attributes:
        train_dense: whether the dense branches train; without them the other scales have nothing to train.
        needs_instances: whether there are networks that learn from the instances themselves.
    """

    train_dense: bool

    @property
    def needs_instances(self) -> bool:
        """Whether ``loss_on_targets`` wants the instances."""


@runtime_checkable
class FusingHead(Protocol):
    """A head that joins all maps of the backbone at the size of the first."""

    def fuse(self, feats: Sequence[Tensor]) -> Tensor:
        """Return the joined map."""


class ScaleTrainer(Protocol):
    """An estimator whose training step is a list of passes, one a scale: ``MultiScaleTraining``."""

    data_preprocessor: Any

    def plan_passes(self, data_samples: Sequence[Any]) -> Sequence[Any]:
        """Return the passes of a step, the nominal scale last."""

    def touch_heads(self) -> dict[str, Tensor]:
        """Return a zero loss that depends on every head."""

    def parse_losses(self, losses: Mapping[str, Any]) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the sum of losses, and what to log (mmengine's contract)."""
