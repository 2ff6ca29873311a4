"""Pose estimators.

* :mod:`~dualcenter_mmpose.models.pose_estimators.multi_scale_training`: ``MultiScaleTrainingWrapper``.
* :mod:`~dualcenter_mmpose.models.pose_estimators.contracts`: what it asks of a head.
* :mod:`~dualcenter_mmpose.models.pose_estimators.scales`: which scales there are and which a step runs.
* :mod:`~dualcenter_mmpose.models.pose_estimators.scale_images`: images and features between scales.
* :mod:`~dualcenter_mmpose.models.pose_estimators.scale_targets`: targets per scale, made once where they are equal.
* :mod:`~dualcenter_mmpose.models.pose_estimators.target_windows`: targets of a part of the image.
* :mod:`~dualcenter_mmpose.models.pose_estimators.bn_statistics`: BatchNorm's statistics are the nominal scale's.
* :mod:`~dualcenter_mmpose.models.pose_estimators.auxiliary_weights`: auxiliary heads in checkpoints.
* :mod:`~dualcenter_mmpose.models.pose_estimators.sequential_step`: one backward per scale.
* :mod:`~dualcenter_mmpose.models.pose_estimators.distributed`: ``MultiScaleDistributedDataParallel``.
"""

from dualcenter_mmpose.models.pose_estimators.distributed import MultiScaleDistributedDataParallel
from dualcenter_mmpose.models.pose_estimators.multi_scale_training import (
    MultiScaleTraining,
    MultiScaleTrainingWrapper,
)

__all__ = ['MultiScaleDistributedDataParallel', 'MultiScaleTraining', 'MultiScaleTrainingWrapper']
