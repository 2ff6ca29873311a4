"""Oracles of box precision and recall: the definition in plain loops, and pycocotools."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from dualcenter_mmpose.evaluation.box_types import AreaSubset, GroundTruth, Predictions


class Numbers(NamedTuple):
    """BBP, BBR and the counted ground truth of one subset; NaN where not defined."""

    bbp: float
    bbr: float
    num_gt: int


def overlap(pred: Sequence[float], gt: Sequence[float], is_crowd: bool) -> float:
    """Return the IoU of two x, y, w, h boxes, or the prediction's share inside a crowd region."""
    width = min(pred[0] + pred[2], gt[0] + gt[2]) - max(pred[0], gt[0])
    height = min(pred[1] + pred[3], gt[1] + gt[3]) - max(pred[1], gt[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    pred_area, gt_area = pred[2] * pred[3], gt[2] * gt[3]
    return shared / (pred_area if is_crowd else pred_area + gt_area - shared)


def loop_numbers(
    ground_truth: GroundTruth,
    predictions: Predictions,
    subset: AreaSubset,
    iou_thr: float = 0.5,
    max_detections: int = 100,
) -> Numbers:
    """Return the numbers of one subset, prediction by prediction."""

    def is_inside(area: float) -> bool:
        return subset.above < area <= subset.up_to

    counted: list[tuple[float, bool]] = []
    num_gt = 0
    for image in sorted({*ground_truth.image_ids.tolist(), *predictions.image_ids.tolist()}):
        gts = [i for i, owner in enumerate(ground_truth.image_ids) if owner == image]
        ignored = {i: bool(ground_truth.is_crowd[i]) or not is_inside(ground_truth.areas[i]) for i in gts}
        num_gt += sum(not flag for flag in ignored.values())
        preds = [i for i, owner in enumerate(predictions.image_ids) if owner == image]
        preds.sort(key=lambda i: -predictions.scores[i])
        taken: set[int] = set()
        for pred in preds[:max_detections]:
            box, score = predictions.boxes[pred], float(predictions.scores[pred])
            best = None
            for want_ignored in (False, True):
                for gt in gts:
                    crowd = bool(ground_truth.is_crowd[gt])
                    if ignored[gt] != want_ignored or (gt in taken and not crowd):
                        continue
                    value = overlap(box, ground_truth.boxes[gt], crowd)
                    if value >= min(iou_thr, 1 - 1e-10) and (best is None or value >= best[0]):
                        best = (value, gt)
                if best is not None:
                    break
            if best is not None:
                taken.add(best[1])
                if not ignored[best[1]]:
                    counted.append((score, True))
            elif is_inside(box[2] * box[3]):
                counted.append((score, False))
    return _numbers_of(sorted(counted, key=lambda entry: -entry[0]), num_gt)


def _numbers_of(counted: Sequence[tuple[float, bool]], num_gt: int) -> Numbers:
    """Return the numbers from counted predictions by falling score."""
    if num_gt == 0:
        return Numbers(float('nan'), float('nan'), 0)
    points = []
    for used in range(1, len(counted) + 1):
        hits = sum(hit for _, hit in counted[:used])
        points.append((hits / num_gt, hits / used))
    best = [
        max((precision for recall, precision in points if recall >= level), default=0.0)
        for level in np.linspace(0, 1, 101)
    ]
    recall = points[-1][0] if points else 0.0
    return Numbers(sum(best) / 101, recall, num_gt)


def pycocotools_numbers(
    ground_truth: GroundTruth,
    predictions: Predictions,
    area_ranges: Sequence[tuple[float, float]],
    image_ids: Sequence[int],
    iou_thr: float = 0.5,
    max_detections: int = 100,
) -> list[Numbers]:
    """Return the numbers of ``COCOeval`` (boxes) for area ranges with both ends inclusive."""
    gt_rows = [
        {'bbox': b.tolist(), 'area': float(a), 'image_id': int(i), 'iscrowd': int(c)}
        for b, a, i, c in zip(ground_truth.boxes, ground_truth.areas, ground_truth.image_ids, ground_truth.is_crowd)
    ]
    pred_rows = [
        {'bbox': b.tolist(), 'area': float(b[2] * b[3]), 'image_id': int(i), 'score': float(s)}
        for b, i, s in zip(predictions.boxes, predictions.image_ids, predictions.scores)
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = COCOeval(_coco(gt_rows, image_ids), _coco(pred_rows, image_ids), 'bbox')
        evaluation.params.iouThrs = np.array([iou_thr])
        evaluation.params.maxDets = [max_detections]
        evaluation.params.areaRng = [list(ends) for ends in area_ranges]
        evaluation.params.areaRngLbl = [str(ends) for ends in area_ranges]
        evaluation.evaluate()
        evaluation.accumulate()
    num_images = len(image_ids)
    results = []
    for idx in range(len(area_ranges)):
        images = evaluation.evalImgs[idx * num_images : (idx + 1) * num_images]
        num_gt = sum(int((e['gtIgnore'] == 0).sum()) for e in images if e is not None)
        nan = float('nan')
        bbp = float(evaluation.eval['precision'][0, :, 0, idx, 0].mean()) if num_gt else nan
        bbr = float(evaluation.eval['recall'][0, 0, idx, 0]) if num_gt else nan
        results.append(Numbers(bbp, bbr, num_gt))
    return results


def _coco(rows: Sequence[dict[str, object]], image_ids: Sequence[int]) -> COCO:
    """Return a COCO object of rows that are all persons."""
    coco = COCO()
    coco.dataset = {
        'images': [{'id': int(i)} for i in image_ids],
        'categories': [{'id': 1, 'name': 'person'}],
        'annotations': [{'iscrowd': 0, **row, 'id': idx, 'category_id': 1} for idx, row in enumerate(rows, 1)],
    }
    coco.createIndex()
    return coco


def random_scene(seed: int, num_images: int = 12) -> tuple[GroundTruth, Predictions, list[int]]:
    """Return boxes of images in shuffled order that provoke ties and meet every rule.

    Whole numbers on a coarse grid make equal overlaps, few score levels make equal scores, sides of
    64 and 128 px put areas exactly on the borders. Some images have no people, no predictions, or
    neither, and some regions are crowds.

    Returns:
        ground truth, predictions, image ids.
    """
    rng = np.random.default_rng(seed)
    image_ids = rng.permutation(np.arange(100, 100 + num_images))

    def boxes(count: int) -> np.ndarray:
        sides = rng.choice([0, 16, 48, 64, 80, 128, 160], size=(count, 2), p=[0.03] + [0.97 / 6] * 5 + [0.97 / 6])
        return np.concatenate([rng.integers(0, 6, (count, 2)) * 16, sides], axis=1).astype(float)

    gt_images = rng.choice(image_ids[: num_images * 3 // 4], size=int(rng.integers(0, 40)))
    pred_images = rng.choice(image_ids[num_images // 4 :], size=int(rng.integers(0, 80)))
    gt_boxes, pred_boxes = boxes(len(gt_images)), boxes(len(pred_images))
    for row, image in enumerate(pred_images):
        twins = gt_boxes[gt_images == image]
        if len(twins) and rng.random() < 0.7:
            pred_boxes[row] = twins[rng.integers(len(twins))] + rng.choice([0, 0, 8, 16], 4)
    box_areas = gt_boxes[:, 2] * gt_boxes[:, 3]
    areas = box_areas * rng.choice([1.0, 0.5, 0.25], len(gt_images))
    is_crowd = rng.random(len(gt_images)) < 0.15
    scores = rng.integers(0, 6, len(pred_images)) / 4 - 0.25
    return (
        GroundTruth(gt_images, gt_boxes, areas, is_crowd),
        Predictions(pred_images, pred_boxes, scores),
        sorted(image_ids.tolist()),
    )
