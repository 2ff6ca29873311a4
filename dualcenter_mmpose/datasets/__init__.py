"""Data on its way to the codec: only what MMPose's data sets and transforms lack.

* :mod:`~dualcenter_mmpose.coco.file_checks`: JSON files, refusals with a remedy.
* :mod:`~dualcenter_mmpose.coco.image_checks`: image files that are missing or broken.
* :mod:`~dualcenter_mmpose.coco.annotation_checks`: COCO annotation files.
* :mod:`~dualcenter_mmpose.coco.annotation_defaults`: what annotations leave out.
* :mod:`~dualcenter_mmpose.datasets.checked_datasets`: ``CheckedCocoDataset``,
  ``CheckedCrowdPoseDataset`` and ``CheckedOCHumanDataset``, registered with MMPose.
* :mod:`~dualcenter_mmpose.datasets.empty_safe_affine`: ``EmptySafeBottomupRandomAffine``,
  registered.
* :mod:`~dualcenter_mmpose.datasets.fast_packing`: ``FastPackPoseInputs``, registered.
* :mod:`~dualcenter_mmpose.datasets.batching`: ``stack_collate``, registered with mmengine.

* :mod:`dualcenter_mmpose.synthetic`: pictures of synthetic people in COCO's format.

``checked_datasets``, ``empty_safe_affine`` and ``fast_packing`` import MMPose, ``batching`` mmengine,
the others numpy alone.
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
