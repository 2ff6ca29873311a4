"""Box precision (BBP) and box recall (BBR) of predicted instances; numpy only.

BBP is the 101-point interpolated average precision and BBR the recall of boxes at one IoU. Matching
and accumulation obey the rules of the COCO box evaluation, so on equal boxes and area ranges both
numbers equal those of ``pycocotools`` (``COCOeval``, ``iouType='bbox'``).

Flow::

    overlapping_pairs -> match_predictions -> average_precision, operating_point
    (once)               (per subset)         (per subset)

Axis letters: N ground truth boxes, M predicted boxes.

Source: paper, Tables 1 and 2. The paper names the two numbers without a protocol; this protocol is
inferred from the printed values.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dualcenter_mmpose.evaluation.box_matching import Pairs, match_predictions, overlapping_pairs
from dualcenter_mmpose.evaluation.box_types import (
    PAPER_SUBSETS,
    AreaSubset,
    BoolArray,
    BoxEvaluation,
    FloatArray,
    GroundTruth,
    IntArray,
    OperatingPoint,
    Predictions,
    SubsetResult,
)

RECALL_LEVELS: FloatArray = np.linspace(0.0, 1.0, 101)
"""Recall values at which precision is read. Source: COCO detection evaluation."""

SCORE_LEVELS = (0.05, 0.1, 0.3)
"""Scores at which plain precision and recall are reported."""


def average_precision(is_matched: BoolArray, num_gt: int) -> float:
    """Return the 101-point interpolated average precision in [0, 1].

    Args:
        is_matched: (M,) counted predictions by falling score.
        num_gt: counted ground truth boxes.

    Returns:
        0 without predictions, NaN without ground truth.
    """
    if num_gt == 0:
        return float('nan')
    num_matched = np.cumsum(is_matched)
    # spacing(1) is pycocotools' guard against 0 / 0; it is kept for equality in the last digits.
    precision = num_matched / (np.arange(1, len(is_matched) + 1) + np.spacing(1))
    # Precision at a recall is the best reached there or later: hit, miss, hit of 2 gives precisions 1, 1/2, 2/3 and
    # the envelope 1, 2/3, 2/3, read as 1 up to recall 1/2 and as 2/3 up to recall 1.
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    # Recall levels that no cut reaches read the appended 0.
    first = np.searchsorted(num_matched / num_gt, RECALL_LEVELS, side='left')
    return float(np.append(envelope, 0.0)[np.minimum(first, len(envelope))].mean())


def operating_point(score: float, num_used: int, num_matched: int, num_gt: int) -> OperatingPoint:
    """Return plain precision, recall and F1 for given counts."""
    nan = float('nan')
    return OperatingPoint(
        score=float(score),
        precision=num_matched / num_used if num_used else nan,
        recall=num_matched / num_gt if num_gt else nan,
        f1=2.0 * num_matched / (num_used + num_gt) if num_gt else nan,
    )


def best_f1_point(scores: FloatArray, is_matched: BoolArray, num_gt: int) -> OperatingPoint:
    """Return the cut of highest F1; cuts never separate predictions of equal score.

    Args:
        scores: (M,) of counted predictions, falling.
        is_matched: (M,).
        num_gt: counted ground truth boxes.
    """
    if len(scores) == 0 or num_gt == 0:
        return operating_point(float('nan'), 0, 0, num_gt)
    last_of_score = np.flatnonzero(np.append(scores[1:] < scores[:-1], True))
    num_matched = np.cumsum(is_matched)[last_of_score]
    best = int(np.argmax(num_matched / (last_of_score + 1 + num_gt)))
    cut = int(last_of_score[best])
    return operating_point(scores[cut], cut + 1, int(num_matched[best]), num_gt)


def _summarise_subset(
    scores: FloatArray, is_matched: BoolArray, num_gt: int, score_levels: Sequence[float]
) -> SubsetResult:
    """Return a subset's numbers from its counted predictions, ordered by falling score."""
    num_matched = int(is_matched.sum())
    levels = []
    for level in score_levels:
        is_used = scores >= level
        matched_there = int(is_matched[is_used].sum())
        levels.append(operating_point(level, int(is_used.sum()), matched_there, num_gt))
    return SubsetResult(
        bbp=average_precision(is_matched, num_gt),
        bbr=num_matched / num_gt if num_gt else float('nan'),
        num_gt=num_gt,
        num_predictions=len(scores),
        num_matched=num_matched,
        at_scores=tuple(levels),
        best_f1=best_f1_point(scores, is_matched, num_gt),
    )


def _best_of_each_image(predictions: Predictions, max_detections: int) -> IntArray:
    """Return indices by image and falling score (first given first among equals), best only."""
    order = np.lexsort((-predictions.scores, predictions.image_ids))
    images = predictions.image_ids[order]
    rank = np.arange(len(images)) - np.searchsorted(images, images, side='left')
    best: IntArray = order[rank < max_detections]
    return best


def _check_finite(**arrays: NDArray[Any]) -> None:
    """Raise ValueError naming the first array that holds NaN or an infinity."""
    for name, values in arrays.items():
        is_bad = ~np.isfinite(values)
        if is_bad.any():
            raise ValueError(
                f'{name} must be finite, but {int(is_bad.sum())} of {values.size} values are not; '
                f'first in row {int(np.argwhere(is_bad)[0][0])}: remove or repair these rows'
            )


def _evaluate_subset(
    subset: AreaSubset,
    ground_truth: GroundTruth,
    predictions: Predictions,
    pairs: Pairs,
    by_score: IntArray,
    score_levels: Sequence[float],
) -> SubsetResult:
    """Return the numbers of one subset.

    Args:
        subset: area range.
        ground_truth: ordered as ``pairs`` counts it.
        predictions: likewise.
        pairs: what may be matched.
        by_score: (M,) indices of the predictions by falling score, the same for every subset.
        score_levels: scores at which plain precision and recall are reported.
    """
    gt_is_ignored = ground_truth.is_crowd | ~subset.contains(ground_truth.areas)
    scores, boxes = predictions.scores, predictions.boxes
    matched = match_predictions(pairs, ground_truth.is_crowd, gt_is_ignored, len(scores))
    has_match = matched >= 0
    # The padded entry answers for index -1, that is for predictions without a match.
    is_hit = has_match & ~np.append(gt_is_ignored, True)[matched]
    is_counted = np.where(has_match, is_hit, subset.contains(boxes[:, 2] * boxes[:, 3]))
    counted = by_score[is_counted[by_score]]
    num_gt = int((~gt_is_ignored).sum())
    return _summarise_subset(scores[counted], is_hit[counted], num_gt, score_levels)


def evaluate_boxes(
    ground_truth: GroundTruth,
    predictions: Predictions,
    *,
    subsets: Sequence[AreaSubset] = PAPER_SUBSETS,
    iou_thr: float = 0.5,
    max_detections: int = 100,
    score_levels: Sequence[float] = SCORE_LEVELS,
) -> BoxEvaluation:
    """Return BBP, BBR and counts for every area subset.

    In a subset, ground truth outside the range is ignored, a prediction matched to ignored ground
    truth is dropped, and an unmatched prediction counts as false only if its own box's area lies in
    the range. Among predictions of equal score the lower image id goes first, then the one given
    first.

    Args:
        ground_truth: all instance boxes of the evaluated images.
        predictions: all predicted boxes of the same images.
        subsets: area ranges.
        iou_thr: least overlap of a match, inclusive, in (0, 1].
        max_detections: predictions used per image, best scores first.
        score_levels: scores at which plain precision and recall are reported.

    Raises:
        ValueError: if a box, an area or a score is not finite, or the threshold is out of range.
    """
    if not 0 < iou_thr <= 1:
        raise ValueError(f'iou_thr must lie in (0, 1], but is {iou_thr}')
    _check_finite(gt_boxes=ground_truth.boxes, gt_areas=ground_truth.areas)
    _check_finite(pred_boxes=predictions.boxes, pred_scores=predictions.scores)
    gt = ground_truth.take(np.argsort(ground_truth.image_ids, kind='stable'))
    pred = predictions.take(_best_of_each_image(predictions, max_detections))
    pairs = overlapping_pairs(gt, pred, iou_thr)
    by_score = np.argsort(-pred.scores, kind='stable')
    return BoxEvaluation(
        subsets={s.name: _evaluate_subset(s, gt, pred, pairs, by_score, score_levels) for s in subsets},
        num_gt=int((~gt.is_crowd).sum()),
        num_crowd=int(gt.is_crowd.sum()),
        num_predictions=len(predictions.scores),
        num_surplus=len(predictions.scores) - len(pred.scores),
        num_without_box=predictions.num_without_box,
    )
