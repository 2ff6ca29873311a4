"""Which predicted box finds which ground-truth instance: overlaps and greedy one-to-one matching.

The rules are those of the COCO box evaluation. All images are matched in one pass, and the overlaps
are computed once for all area subsets.

Axis letters: N ground truth boxes, M predicted boxes, P pairs that overlap enough to be matched.
Boxes are (x, y, w, h) in image pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dualcenter_mmpose.evaluation.box_types import (
    BoolArray,
    FloatArray,
    GroundTruth,
    IntArray,
    Predictions,
)

_PAIRS_PER_CHUNK = 1 << 18
"""Bounds the memory of the overlap computation whatever the size of the data set."""


@dataclass(frozen=True)
class Pairs:
    """Pairs that overlap enough, each prediction's best choice first.

    Attributes:
        prediction_idx: (P,) ascending.
        gt_idx: (P,); within a prediction by falling overlap, the later box first among equals.
    """

    prediction_idx: IntArray
    gt_idx: IntArray


def box_overlaps(pred_boxes: FloatArray, gt_boxes: FloatArray, gt_is_crowd: BoolArray) -> FloatArray:
    """Return the overlap of row-wise box pairs in [0, 1].

    The overlap is the IoU, or the share of the prediction that lies inside a crowd region. The
    order of the arithmetic is that of ``pycocotools``, so both agree to the last bit.

    Args:
        pred_boxes: (P, 4) x, y, w, h in px.
        gt_boxes: (P, 4) likewise.
        gt_is_crowd: (P,).

    Returns:
        (P,) overlaps; 0 where the boxes share no area.
    """
    near = np.maximum(pred_boxes[:, :2], gt_boxes[:, :2])
    far = np.minimum(pred_boxes[:, 2:] + pred_boxes[:, :2], gt_boxes[:, 2:] + gt_boxes[:, :2])
    width, height = (far - near).T
    shared = np.where((width > 0) & (height > 0), width * height, 0.0)
    pred_area = pred_boxes[:, 2] * pred_boxes[:, 3]
    gt_area = gt_boxes[:, 2] * gt_boxes[:, 3]
    whole = np.where(gt_is_crowd, pred_area, pred_area + gt_area - shared)
    return np.divide(shared, whole, out=np.zeros_like(shared), where=shared > 0)


def overlapping_pairs(ground_truth: GroundTruth, predictions: Predictions, iou_thr: float) -> Pairs:
    """Return all pairs within an image whose overlap reaches the threshold.

    Args:
        ground_truth: boxes ordered by image.
        predictions: boxes in any order.
        iou_thr: least overlap, inclusive.
    """
    pred_images, gt_images = predictions.image_ids, ground_truth.image_ids
    begins = np.searchsorted(gt_images, pred_images, side='left')
    counts = np.searchsorted(gt_images, pred_images, side='right') - begins
    num_before = np.concatenate([[0], np.cumsum(counts)])
    none = np.zeros(0, np.int64)
    found: list[tuple[IntArray, IntArray, FloatArray]] = [(none, none, np.zeros(0))]
    start = 0
    while start < len(pred_images):
        last = np.searchsorted(num_before, num_before[start] + _PAIRS_PER_CHUNK, side='right')
        stop = max(start + 1, int(last) - 1)
        pred_idx = np.repeat(np.arange(start, stop), counts[start:stop])
        # Predictions with 2 and 1 boxes in their images give pred_idx 0, 0, 1 and rank 0, 1, 0.
        rank = np.arange(len(pred_idx)) - (num_before[pred_idx] - num_before[start])
        gt_idx = begins[pred_idx] + rank
        overlaps = box_overlaps(predictions.boxes[pred_idx], ground_truth.boxes[gt_idx], ground_truth.is_crowd[gt_idx])
        # 1 - 1e-10 keeps equal boxes matched at a threshold of 1 (pycocotools' rule).
        enough = overlaps >= min(iou_thr, 1 - 1e-10)
        found.append((pred_idx[enough], gt_idx[enough], overlaps[enough]))
        start = stop
    pred_idx, gt_idx, overlaps = (np.concatenate(parts) for parts in zip(*found))
    order = np.lexsort((-gt_idx, -overlaps, pred_idx))
    return Pairs(pred_idx[order], gt_idx[order])


def match_predictions(pairs: Pairs, gt_is_crowd: BoolArray, gt_is_ignored: BoolArray, num_predictions: int) -> IntArray:
    """Return the ground truth box that each prediction is matched to, -1 for none.

    Greedy in the order of the predictions. Each takes the free box of highest overlap, counted
    boxes before ignored ones. A box is taken once; a crowd region any number of times.

    Args:
        pairs: what may be matched; predictions are numbered by falling score within an image.
        gt_is_crowd: (N,).
        gt_is_ignored: (N,) True for boxes outside the subset and for crowd regions.
        num_predictions: M.

    Returns:
        (M,) indices into the ground truth or -1.
    """
    # Stable: within a prediction, counted boxes go before ignored ones and keep their order by overlap. A prediction
    # at IoU 0.9 with an ignored box and 0.6 with a free counted one takes the counted one.
    order = np.lexsort((gt_is_ignored[pairs.gt_idx], pairs.prediction_idx))
    matched = [-1] * num_predictions
    can_be_shared = gt_is_crowd.tolist()
    is_free = [True] * len(can_be_shared)
    for pred, gt in zip(pairs.prediction_idx[order].tolist(), pairs.gt_idx[order].tolist()):
        if matched[pred] < 0 and (is_free[gt] or can_be_shared[gt]):
            matched[pred] = gt
            is_free[gt] = False
    return np.asarray(matched, dtype=np.int64)
