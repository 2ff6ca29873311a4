"""Losses that MMPose lacks.

* :mod:`~dualcenter_mmpose.models.losses.smooth_l1`: ``PerCenterSmoothL1Loss`` for displacement fields.
* :mod:`~dualcenter_mmpose.models.losses.pose_losses`: losses of the pose-level networks.
"""

from dualcenter_mmpose.models.losses.smooth_l1 import PerCenterSmoothL1Loss

__all__ = ['PerCenterSmoothL1Loss']
