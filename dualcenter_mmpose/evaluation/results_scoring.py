"""BBP and BBR of any method's results, without a model; also of the labelled keypoints themselves, the ceiling.

Nothing here imports torch or MMPose, so that the command ``dualcenter score`` starts in a fraction of a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from dualcenter_mmpose.coco.annotation_checks import CocoAnnotations, load_coco_annotations
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

Record = dict[str, Any]


class ScoredFiles(NamedTuple):
    """An annotation file and what is scored on it, read and checked.

    Attributes:
        checked: the annotation file.
        rows: of the result file; ``None`` for the labelled keypoints themselves, the ceiling.
    """

    checked: CocoAnnotations
    rows: Sequence[Record] | None

    @property
    def person(self) -> int:
        """Id of the category that is scored."""
        return person_category_id(self.checked.categories)


def read_files(annotations: PathLike, results: PathLike | None) -> ScoredFiles:
    """Files to score, each read once.

    Args:
        annotations: COCO annotation file.
        results: COCO keypoint results; ``None`` scores the labelled keypoints themselves, ranked by the IoU of their
            box: the ceiling that tight keypoint boxes impose.

    Raises:
        ValueError: if a file is unusable.
    """
    checked = load_coco_annotations(annotations)
    if results is None:
        return ScoredFiles(checked, None)
    image_ids = {image['id'] for image in checked.images}
    category_ids = {category['id'] for category in checked.categories}
    return ScoredFiles(checked, load_results(results, image_ids, category_ids))


def score_results(
    files: ScoredFiles,
    *,
    labelled_only: bool = False,
    area_source: str = 'tool',
    keypoint_thr: float = 0.0,
    expand: float = 0.0,
    iou_thr: float = 0.5,
    max_detections: int = 100,
    score_levels: Sequence[float] = SCORE_LEVELS,
) -> BoxEvaluation:
    """BBP and BBR of a result file, or of the labelled keypoints themselves.

    Args:
        files: from :func:`read_files`.
        labelled_only: whether instances without a labelled keypoint are left out of the ground truth.
        area_source: size that decides on S, M, L: the annotated area ('tool') or the box area ('bbox').
        keypoint_thr: keypoints scoring no more take no part in the box of a pose.
        expand: relative growth of predicted boxes, above -1.
        iou_thr: least IoU of a match.
        max_detections: poses used per image, best scores first; at least 1.
        score_levels: scores at which plain precision and recall are given.

    Raises:
        ValueError: if a value is unusable.
    """
    if max_detections < 1:
        raise ValueError(f'max_detections must be at least 1, got {max_detections}')
    if expand <= -1:
        raise ValueError(f'expand must be above -1, got {expand}')
    instances = [a for a in files.checked.annotations if a['category_id'] == files.person]
    if labelled_only:
        instances = [a for a in instances if has_labels(a) or a.get('iscrowd', 0)]
    if files.rows is None:
        predictions = ceiling_predictions(instances, expand)
    else:
        rows = [row for row in files.rows if row.get('category_id', files.person) == files.person]
        predictions = predicted_boxes(rows, keypoint_thr, expand)
    return evaluate_boxes(
        ground_truth_boxes(instances, area_source, not files.checked.is_crowdpose),
        predictions,
        iou_thr=iou_thr,
        max_detections=max_detections,
        score_levels=score_levels,
    )
