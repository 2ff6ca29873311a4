"""Codecs: keypoints -> targets, and maps -> instances.

* :mod:`~dualcenter_mmpose.codecs.dual_center_pose_grouping`: ``DualCenterPoseGrouping``, the registered shell.
* :mod:`~dualcenter_mmpose.codecs.input_checks`: checks of sizes, keypoint sets and mirroring.
* :mod:`~dualcenter_mmpose.codecs.codec_checks`: checks of its options, and of what the loader packed.
* :mod:`~dualcenter_mmpose.codecs.packing`: one image's annotations, packed by the loader in input px.
* :mod:`~dualcenter_mmpose.codecs.masks`: regions excluded from supervision.
* :mod:`~dualcenter_mmpose.codecs.unpacking`: a batch of them on the grid of the head, and pseudo centers.
* :mod:`~dualcenter_mmpose.codecs.center_groups`: the rules that define centers.
* :mod:`~dualcenter_mmpose.codecs.targets` on :mod:`~dualcenter_mmpose.codecs.rendering`: all training targets.

Adding a codec: subclass ``mmpose.codecs.base.BaseKeypointCodec`` in a file of its own, register it with
``mmpose.registry.KEYPOINT_CODECS``, and import it here; CONTRIBUTING.md has the recipe.
"""

from dualcenter_mmpose.codecs.dual_center_pose_grouping import DualCenterPoseGrouping

__all__ = ['DualCenterPoseGrouping']
