"""Box precision (BBP) and box recall (BBR) of predicted instances.

* :mod:`~dualcenter_mmpose.evaluation.box_types`: ground truth, predictions and results as arrays.
* :mod:`~dualcenter_mmpose.evaluation.box_matching`: overlaps and greedy one-to-one matching.
* :mod:`~dualcenter_mmpose.evaluation.bbp_bbr`: matches -> BBP, BBR, plain precision and recall.
* :mod:`~dualcenter_mmpose.evaluation.coco_boxes`: COCO annotations and results -> boxes.
* :mod:`~dualcenter_mmpose.evaluation.sample_boxes`: MMPose data samples -> boxes.
* :mod:`~dualcenter_mmpose.evaluation.bbp_bbr_report`: results -> table, JSON dictionary.
* :mod:`~dualcenter_mmpose.evaluation.results_scoring`: a COCO result file -> results.
* :mod:`~dualcenter_mmpose.evaluation.bbp_bbr_metric`: ``BBPBBRMetric``, registered with MMPose.

All modules but the last import numpy alone.
"""

from typing import Any

__all__ = ['BBPBBRMetric']


def __getattr__(name: str) -> Any:
    """Import the metric when it is asked for: scoring a file needs neither torch nor MMPose."""
    if name == 'BBPBBRMetric':
        from dualcenter_mmpose.evaluation.bbp_bbr_metric import BBPBBRMetric

        return BBPBBRMetric
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
