"""Losses that MMPose lacks.

* :mod:`~dualcenter_mmpose.models.losses.smooth_l1`: ``PerCenterSmoothL1Loss`` for displacement fields.
"""

from dualcenter_mmpose.models.losses.smooth_l1 import PerCenterSmoothL1Loss

__all__ = ['PerCenterSmoothL1Loss']
