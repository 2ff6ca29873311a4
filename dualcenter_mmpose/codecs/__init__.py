"""Codecs: keypoints -> targets, and maps -> people.

* :mod:`~dualcenter_mmpose.codecs.dual_center_pose_grouping`: ``DualCenterPoseGrouping``, the registered shell.
* :mod:`~dualcenter_mmpose.keypoints.layout`, :mod:`~dualcenter_mmpose.keypoints.metainfo`: names, mirror pairs
  and OKS constants of a keypoint set, and how to read them from MMPose's metainfo.
* :mod:`~dualcenter_mmpose.codecs.center_groups`: the rules that define centers.
* :mod:`~dualcenter_mmpose.codecs.targets` on :mod:`~dualcenter_mmpose.codecs.painting`: all training targets.
* :mod:`~dualcenter_mmpose.codecs.input_checks`: what every codec refuses.
* :mod:`~dualcenter_mmpose.codecs.masks`: where an image must not teach.

Adding a codec: subclass ``mmpose.codecs.base.BaseKeypointCodec`` in a file of its own, register it with
``mmpose.registry.KEYPOINT_CODECS``, and import it here; CONTRIBUTING.md has the recipe.
"""

from dualcenter_mmpose.codecs.dual_center_pose_grouping import DualCenterPoseGrouping

__all__ = ['DualCenterPoseGrouping']
