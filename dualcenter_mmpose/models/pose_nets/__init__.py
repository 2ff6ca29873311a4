"""The three pose-level networks; each usable alone.

* :mod:`~dualcenter_mmpose.models.pose_nets.stem`: what they have in common.
* :mod:`~dualcenter_mmpose.models.pose_nets.similarity`: ``PoseSimilarityNet``.
* :mod:`~dualcenter_mmpose.models.pose_nets.confidence`: ``PoseConfidenceNet``.
* :mod:`~dualcenter_mmpose.models.pose_nets.refinement`: ``PoseRefinementNet``.
* :mod:`~dualcenter_mmpose.models.pose_nets.pose_level`: the three together, as the head uses them.
"""

from dualcenter_mmpose.models.pose_nets.confidence import PoseConfidenceNet
from dualcenter_mmpose.models.pose_nets.refinement import PoseRefinementNet
from dualcenter_mmpose.models.pose_nets.similarity import PoseSimilarityNet

__all__ = ['PoseConfidenceNet', 'PoseRefinementNet', 'PoseSimilarityNet']
