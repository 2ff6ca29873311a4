"""One batch's targets for every level, made once where they are the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from torch import nn

from dualcenter_mmpose.codecs.targets import scale_instances
from dualcenter_mmpose.types import DenseTargets, GroundTruthInstances, KeypointTargets


class LevelTargets:
    """Targets of a batch, asked for level by level.

    A head that can take targets apart (``unpack_instances``, ``make_targets``, ``loss_on_targets``) shares the
    keypoint heatmaps between levels and gets a person range for each. Any other head that keeps MMPose's ``loss``
    contract reads its own targets from the data samples, the same for every level.

    Args:
        head: the nominal head; defines the targets.
        data_samples: the batch.
        train_cfg: handed on to ``loss`` of other heads.
    """

    def __init__(self, head: nn.Module, data_samples: Sequence[Any], train_cfg: Mapping[str, Any]) -> None:
        self.head = head
        self.data_samples = data_samples
        self.train_cfg = train_cfg

    @property
    def is_shared(self) -> bool:
        """Whether the head takes targets from here."""
        return hasattr(self.head, 'loss_on_targets')

    @property
    def are_packed(self) -> bool:
        """Whether the loader packed keypoints, so that targets can be made for any grid and person range."""
        return self.is_shared and 'heatmaps' not in self.data_samples[0].gt_fields

    @property
    def grid_size(self) -> tuple[int, int]:
        """(W, H) of the nominal grid that the targets were encoded for."""
        fields = self.data_samples[0].gt_fields
        if 'heatmaps' in fields:
            return (fields.heatmaps.shape[-1], fields.heatmaps.shape[-2])
        return tuple(self.head.decoder.heatmap_size)

    @cached_property
    def instances(self) -> GroundTruthInstances:
        """The persons of the batch on the nominal grid."""
        return self.head.unpack_instances(self.data_samples)

    @cached_property
    def keypoint_targets(self) -> KeypointTargets:
        """The part of the targets that all levels on the nominal grid share."""
        return self.head.decoder.make_keypoint_targets(self.instances)

    def for_level(self, person_range: tuple[float, float] | None, grid_scale: float) -> DenseTargets:
        """Return the targets of a level.

        Args:
            person_range: (lowest, highest) diagonal in cells of the grid asked for; ``None`` for the codec's own.
            grid_scale: cells of that grid per nominal cell.
        """
        if not self.are_packed:
            return self.head.make_targets(self.data_samples, person_range)
        if grid_scale == 1:
            return self.head.make_targets(self.data_samples, person_range, self.instances, self.keypoint_targets)
        scaled = scale_instances(self.instances, grid_scale, self.head.decoder.align)
        return self.head.make_targets(self.data_samples, person_range, scaled)


def crop_targets(targets: DenseTargets, corner: tuple[int, int], size: tuple[int, int]) -> DenseTargets:
    """Return the targets inside a window of cells.

    Args:
        targets: of the whole grid.
        corner: (x, y) of the window's first cell.
        size: (W, H) of the window.
    """
    (x, y), (width, height) = corner, size
    return DenseTargets(*(maps[..., y : y + height, x : x + width] for maps in targets))


def crop_fields(data_samples: Sequence[Any], corner: tuple[int, int], size: tuple[int, int]) -> list[Any]:
    """Return data samples whose target maps are cut to a window of cells; arguments as in :func:`crop_targets`."""
    (x, y), (width, height) = corner, size
    cropped = []
    for sample in data_samples:
        sample = sample.clone()
        sample.gt_fields = sample.gt_fields[y : y + height, x : x + width]
        cropped.append(sample)
    return cropped
