"""Box precision (BBP) and box recall (BBR) of predicted people.

* :mod:`~dualcenter_mmpose.evaluation.box_types`: ground truth, predictions and results as arrays.
* :mod:`~dualcenter_mmpose.evaluation.box_matching`: overlaps and greedy one-to-one matching.
* :mod:`~dualcenter_mmpose.evaluation.bbp_bbr`: matches -> BBP, BBR, plain precision and recall.
* :mod:`~dualcenter_mmpose.evaluation.coco_boxes`: COCO annotations and results -> boxes.
* :mod:`~dualcenter_mmpose.evaluation.sample_boxes`: MMPose data samples -> boxes.
* :mod:`~dualcenter_mmpose.evaluation.result_files`: checks on COCO result files.
* :mod:`~dualcenter_mmpose.evaluation.bbp_bbr_report`: results -> table, JSON dictionary.
* :mod:`~dualcenter_mmpose.evaluation.results_scoring`: the command ``tools/score_results.py``.
* :mod:`~dualcenter_mmpose.evaluation.bbp_bbr_metric`: ``BBPBBRMetric``, registered with MMPose.

All modules but the last import numpy alone.
"""

from dualcenter_mmpose.evaluation.bbp_bbr_metric import BBPBBRMetric

__all__ = ['BBPBBRMetric']
