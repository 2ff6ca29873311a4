"""Baselines that MMPose 1.x lacks: HigherHRNet (arXiv 1908.10357) and SWAHR (arXiv 2012.15175), trainable and testable.

Both find keypoints on heatmaps at 1/4 and 1/2 of the input and group them by *tags*: one number per keypoint and cell
that is alike within an instance and differs between instances (associative embedding). SWAHR adds a *scale map* that
bends each keypoint's Gaussian to the size of its instance, and weights cells by how surely they are keypoint or
background.

* :mod:`~dualcenter_mmpose.baselines.associative_embedding`: ``AssociativeEmbeddingGrouping``, the codec.
* :mod:`~dualcenter_mmpose.baselines.resolution_targets`: packed keypoints -> heatmaps of both resolutions, places of
  the tags.
* :mod:`~dualcenter_mmpose.baselines.layers`: the deconvolution stage and the scale branch.
* :mod:`~dualcenter_mmpose.baselines.higherhrnet_head`, :mod:`~dualcenter_mmpose.baselines.swahr_head`: the heads.
* :mod:`~dualcenter_mmpose.baselines.tag_loss`: pull tags of an instance together, push instances apart.
* :mod:`~dualcenter_mmpose.baselines.scale_adaptive`: SWAHR's targets, weights and scale penalty.
* :mod:`~dualcenter_mmpose.baselines.tag_candidates`: maps -> peaks with tags.
* :mod:`~dualcenter_mmpose.baselines.tag_grouping`: keypoints with tags -> instances.
* :mod:`~dualcenter_mmpose.baselines.tag_decoding`: maps -> instances, with refinement and missing keypoints filled.

Both were written from the papers; no code of their authors was used.
"""

from dualcenter_mmpose.baselines.associative_embedding import AssociativeEmbeddingGrouping
from dualcenter_mmpose.baselines.higherhrnet_head import HigherHRNetHead
from dualcenter_mmpose.baselines.swahr_head import SWAHRHead

__all__ = ['AssociativeEmbeddingGrouping', 'HigherHRNetHead', 'SWAHRHead']
