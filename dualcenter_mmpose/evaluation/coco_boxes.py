"""COCO annotations and keypoint results to the boxes that are evaluated; numpy only.

* ground truth: every instance box, with or without keypoints;
* prediction: the tight box of a pose's present keypoints.

Axis letters: M poses, K keypoints. Boxes are (x, y, w, h), areas squared, in image pixels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from dualcenter_mmpose.coco.annotation_defaults import AREA_PER_BOX_AREA, has_labels
from dualcenter_mmpose.evaluation.box_matching import box_overlaps
from dualcenter_mmpose.evaluation.box_types import (
    BoolArray,
    FloatArray,
    GroundTruth,
    Predictions,
)

AREA_SOURCES = ('tool', 'bbox')
"""``tool``: the size that evaluation tools use, the annotation's ``area``; ``bbox``: box area."""

Record = Mapping[str, Any]


def check_area_source(area_source: str, allowed: Sequence[str] = AREA_SOURCES) -> None:
    """Raise ValueError unless the area source is one of those allowed."""
    if area_source not in allowed:
        raise ValueError(f'area_source must be one of {list(allowed)}, but is {area_source!r}')


def person_category_id(categories: Sequence[Record]) -> int:
    """Return the id of the category whose boxes are evaluated.

    It is the only category, else the one named ``person``, else the only one with keypoints.

    Raises:
        ValueError: if none of the three rules gives exactly one category.
    """
    named = [c for c in categories if c.get('name') == 'person']
    posed = [c for c in categories if c.get('keypoints')]
    for choice in (categories, named, posed):
        if len(choice) == 1:
            return int(choice[0]['id'])
    names = [c.get('name', c['id']) for c in categories]
    raise ValueError(f"cannot tell the person category among {names}: name one of them 'person' or keep one only")


def keypoint_boxes(
    keypoints: ArrayLike,
    keypoint_scores: ArrayLike,
    keypoint_thr: float = 0.0,
    expand: float = 0.0,
) -> tuple[FloatArray, BoolArray]:
    """Return the tight box of each pose's present keypoints.

    A keypoint is present if its score exceeds the threshold and both coordinates are finite.

    Args:
        keypoints: (M, K, 2) x, y in image px.
        keypoint_scores: (M, K).
        keypoint_thr: keypoints scoring no more than this take no part.
        expand: relative growth of width and height about the box's center; 0 keeps the tight box.

    Returns:
        boxes: (M, 4) x, y, w, h; zeros where no keypoint is present.
        has_box: (M,) False where no keypoint is present.
    """
    points = np.asarray(keypoints, dtype=np.float64)
    if points.size == 0:
        return np.zeros((len(points), 4)), np.zeros(len(points), dtype=np.bool_)
    is_present = (np.asarray(keypoint_scores) > keypoint_thr) & np.isfinite(points).all(-1)
    has_box = is_present.any(1)
    near = np.where(is_present[..., None], points, np.inf).min(1)
    far = np.where(is_present[..., None], points, -np.inf).max(1)
    near[~has_box] = far[~has_box] = 0.0
    growth = expand / 2 * (far - near)
    return np.concatenate([near - growth, far - near + 2 * growth], axis=1), has_box


def person_areas(annotations: Sequence[Record], area_source: str, use_area_field: bool = True) -> FloatArray:
    """Return the size of each instance that decides on its subset, squared px.

    Args:
        annotations: COCO annotations with ``bbox`` and, optionally, ``area``.
        area_source: one of :data:`AREA_SOURCES`.
        use_area_field: False takes 0.53 of the box area even where ``area`` is given (CrowdPose).
    """
    check_area_source(area_source)
    sizes = np.asarray([a['bbox'][2:] for a in annotations], dtype=np.float64).reshape(-1, 2)
    box_areas: FloatArray = sizes[:, 0] * sizes[:, 1]
    if area_source == 'bbox':
        return box_areas
    # Not `area_of`: its product is taken in another order, whose last bit may differ from the evaluation tools'.
    areas = AREA_PER_BOX_AREA * box_areas
    if not use_area_field:
        return areas
    given = [a.get('area') for a in annotations]
    return np.asarray([own if g is None else g for g, own in zip(given, areas)], dtype=np.float64)


def ground_truth_boxes(
    annotations: Sequence[Record], area_source: str = 'tool', use_area_field: bool = True
) -> GroundTruth:
    """Return the boxes of COCO annotations, crowd regions marked.

    Args:
        annotations: person annotations with ``image_id`` and ``bbox``; ``iscrowd`` is optional.
        area_source: one of :data:`AREA_SOURCES`.
        use_area_field: see :func:`person_areas`.
    """
    return GroundTruth(
        image_ids=np.asarray([a['image_id'] for a in annotations], dtype=np.int64),
        boxes=np.asarray([a['bbox'] for a in annotations], dtype=np.float64).reshape(-1, 4),
        areas=person_areas(annotations, area_source, use_area_field),
        is_crowd=np.asarray([bool(a.get('iscrowd', 0)) for a in annotations], dtype=np.bool_),
    )


def predicted_boxes(results: Sequence[Record], keypoint_thr: float = 0.0, expand: float = 0.0) -> Predictions:
    """Return the boxes of COCO keypoint results; poses without a present keypoint are left out.

    Args:
        results: rows with ``image_id``, ``keypoints`` (K times x, y, score) and ``score``. A
            ``bbox`` in a row is not used: the definition asks for the box of the keypoints.
        keypoint_thr: see :func:`keypoint_boxes`.
        expand: likewise.
    """
    num_keypoints = len(results[0]['keypoints']) // 3 if results else 0
    rows = np.asarray([r['keypoints'] for r in results], dtype=np.float64)
    poses = rows.reshape(len(results), num_keypoints, 3)
    boxes, has_box = keypoint_boxes(poses[..., :2], poses[..., 2], keypoint_thr, expand)
    return Predictions(
        image_ids=np.asarray([r['image_id'] for r in results], dtype=np.int64)[has_box],
        boxes=boxes[has_box],
        scores=np.asarray([r['score'] for r in results], dtype=np.float64)[has_box],
        num_without_box=int((~has_box).sum()),
    )


def ceiling_predictions(annotations: Sequence[Record], expand: float = 0.0) -> Predictions:
    """Return the tight boxes of all instances' labelled keypoints as if they had been predicted.

    The score of each is its IoU with the instance's box, which ranks them best. Their evaluation is
    the ceiling that tight keypoint boxes impose on every method. Crowd regions and instances without
    a labelled keypoint give no box.

    Args:
        annotations: person annotations with ``keypoints``.
        expand: see :func:`keypoint_boxes`.
    """
    posed = [a for a in annotations if not a.get('iscrowd', 0) and a.get('keypoints')]
    found = predicted_boxes([{**a, 'score': 0.0} for a in posed], expand=expand)
    own_boxes = ground_truth_boxes([a for a in posed if has_labels(a)]).boxes
    no_crowd = np.zeros(len(own_boxes), dtype=np.bool_)
    overlaps = box_overlaps(found.boxes, own_boxes, no_crowd)
    return Predictions(found.image_ids, found.boxes, overlaps)
