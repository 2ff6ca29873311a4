"""BBP and BBR of a COCO keypoint result file."""

from dualcenter_mmpose.evaluation.results_scoring import main

__all__ = ['main']
