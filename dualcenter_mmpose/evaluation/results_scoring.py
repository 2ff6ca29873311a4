"""BBP and BBR of any method's results, without a model; also of the labelled keypoints themselves, the ceiling.

Nothing here imports torch or MMPose, so that the command ``dualcenter score`` starts in a fraction of a second.
"""

from __future__ import annotations

from collections.abc import Sequence

from dualcenter_mmpose.coco.annotation_checks import load_coco_annotations
from dualcenter_mmpose.coco.annotation_defaults import has_labels
from dualcenter_mmpose.coco.file_checks import PathLike
from dualcenter_mmpose.coco.result_files import load_results
from dualcenter_mmpose.evaluation.bbp_bbr import SCORE_LEVELS, evaluate_boxes
from dualcenter_mmpose.evaluation.box_types import BoxEvaluation
from dualcenter_mmpose.evaluation.coco_boxes import (
    ceiling_predictions,
    ground_truth_boxes,
    person_category_id,
    predicted_boxes,
)


def score_results(
    annotations: PathLike,
    results: PathLike | None,
    *,
    labelled_only: bool = False,
    area_source: str = 'tool',
    keypoint_thr: float = 0.0,
    expand: float = 0.0,
    iou_thr: float = 0.5,
    max_detections: int = 100,
    score_levels: Sequence[float] = SCORE_LEVELS,
) -> tuple[BoxEvaluation, list[str]]:
    """Return the evaluation of a result file, and notes on the annotation file.

    Args:
        annotations: COCO annotation file.
        results: COCO keypoint results; ``None`` scores the labelled keypoints themselves, ranked by the IoU of their
            box: the ceiling that tight keypoint boxes impose.
        labelled_only: whether people without a labelled keypoint are left out of the ground truth.
        area_source: size that decides on S, M, L: the annotated area ('tool') or the box area ('bbox').
        keypoint_thr: keypoints scoring no more take no part in the box of a pose.
        expand: relative growth of predicted boxes, above -1.
        iou_thr: least IoU of a match.
        max_detections: poses used per image, best scores first; at least 1.
        score_levels: scores at which plain precision and recall are given.

    Raises:
        ValueError: if a file or a value is unusable.
    """
    if max_detections < 1:
        raise ValueError(f'max_detections must be at least 1, got {max_detections}')
    if expand <= -1:
        raise ValueError(f'expand must be above -1, got {expand}')
    checked = load_coco_annotations(annotations)
    person = person_category_id(checked.categories)
    people = [a for a in checked.annotations if a['category_id'] == person]
    if labelled_only:
        people = [a for a in people if has_labels(a) or a.get('iscrowd', 0)]
    if results is None:
        predictions = ceiling_predictions(people, expand)
    else:
        image_ids = {image['id'] for image in checked.images}
        category_ids = {category['id'] for category in checked.categories}
        rows = load_results(results, image_ids, category_ids)
        predictions = predicted_boxes([r for r in rows if r.get('category_id', person) == person], keypoint_thr, expand)
    evaluation = evaluate_boxes(
        ground_truth_boxes(people, area_source, not checked.is_crowdpose),
        predictions,
        iou_thr=iou_thr,
        max_detections=max_detections,
        score_levels=score_levels,
    )
    return evaluation, list(checked.notes)
