"""Data on its way to the codec: only what MMPose's data sets and transforms lack.

* :mod:`~dualcenter_mmpose.datasets.checked_datasets`: ``CheckedCocoDataset``, ``CheckedCrowdPoseDataset`` and
  ``CheckedOCHumanDataset``, MMPose's with the checks of :mod:`dualcenter_mmpose.coco`.
* :mod:`~dualcenter_mmpose.datasets.empty_safe_affine`: ``EmptySafeBottomupRandomAffine``.
* :mod:`~dualcenter_mmpose.datasets.fast_packing`: ``FastPackPoseInputs``.
* :mod:`~dualcenter_mmpose.datasets.batching`: ``stack_collate``, a function of mmengine's.
"""

from dualcenter_mmpose.datasets.batching import stack_collate
from dualcenter_mmpose.datasets.checked_datasets import (
    CheckedCocoDataset,
    CheckedCrowdPoseDataset,
    CheckedOCHumanDataset,
)
from dualcenter_mmpose.datasets.empty_safe_affine import EmptySafeBottomupRandomAffine
from dualcenter_mmpose.datasets.fast_packing import FastPackPoseInputs

__all__ = [
    'CheckedCocoDataset',
    'CheckedCrowdPoseDataset',
    'CheckedOCHumanDataset',
    'EmptySafeBottomupRandomAffine',
    'FastPackPoseInputs',
    'stack_collate',
]
