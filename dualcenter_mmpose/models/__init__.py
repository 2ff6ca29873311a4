"""Everything with weights, and what trains it.

* :mod:`dualcenter_mmpose.models.backbones`: a light one.
* :mod:`dualcenter_mmpose.models.layers`: layers of the head.
* :mod:`dualcenter_mmpose.models.heads`: ``DualCenterHead``.
* :mod:`dualcenter_mmpose.models.pose_nets`: the three pose-level networks.
* :mod:`dualcenter_mmpose.models.losses`: losses that MMPose lacks.
* :mod:`dualcenter_mmpose.models.pose_estimators`: multi-scale training.
* :mod:`dualcenter_mmpose.models.loading`: a model with all weights of a checkpoint.
"""

from dualcenter_mmpose.models.backbones import EfficientNetLite0
from dualcenter_mmpose.models.heads import DualCenterHead
from dualcenter_mmpose.models.losses import PerCenterSmoothL1Loss
from dualcenter_mmpose.models.pose_estimators import (
    MultiScaleDistributedDataParallel,
    MultiScaleTraining,
    MultiScaleTrainingWrapper,
)

__all__ = [
    'DualCenterHead',
    'EfficientNetLite0',
    'MultiScaleDistributedDataParallel',
    'MultiScaleTraining',
    'MultiScaleTrainingWrapper',
    'PerCenterSmoothL1Loss',
]
