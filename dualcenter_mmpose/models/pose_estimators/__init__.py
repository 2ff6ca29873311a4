"""Pose estimators.

* :mod:`~dualcenter_mmpose.models.pose_estimators.multi_scale_training`: ``MultiScaleTrainingWrapper``.
* :mod:`~dualcenter_mmpose.models.pose_estimators.levels`: images and features between levels.
* :mod:`~dualcenter_mmpose.models.pose_estimators.level_targets`: targets per level, made once where they are equal.
* :mod:`~dualcenter_mmpose.models.pose_estimators.sequential_step`: one backward per level;
  ``MultiScaleDistributedDataParallel``.
"""

from dualcenter_mmpose.models.pose_estimators.multi_scale_training import (
    MultiScaleTraining,
    MultiScaleTrainingWrapper,
)
from dualcenter_mmpose.models.pose_estimators.sequential_step import MultiScaleDistributedDataParallel

__all__ = ['MultiScaleDistributedDataParallel', 'MultiScaleTraining', 'MultiScaleTrainingWrapper']
