"""Data samples of one evaluation to boxes; arrays may be numpy's or torch's.

Nothing here changes a data sample: other metrics read the same ones.

Axis letters: N poses of an image, K keypoints.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dualcenter_mmpose.evaluation.box_types import FloatArray, GroundTruth, Predictions
from dualcenter_mmpose.evaluation.coco_boxes import keypoint_boxes

Sample = Mapping[str, Any]


def require(sample: Sample, key: str, remedy: str) -> Any:
    """Return an entry of a data sample.

    Raises:
        KeyError: if it is missing; the message names the keys found and the remedy.
    """
    if key not in sample:
        raise KeyError(f"data sample without '{key}' (it has {sorted(sample.keys())}): {remedy}")
    return sample[key]


def to_numpy(values: Any) -> FloatArray:
    """Return a copy of a tensor on any device, an array or a list as float64 numpy."""
    if hasattr(values, 'detach'):
        # numpy has no bfloat16, so tensors are widened before they leave torch.
        values = values.detach().double().cpu().numpy()
    return np.array(values, dtype=np.float64)


def sample_key(sample: Sample) -> tuple[int, ...]:
    """Return what tells a data sample from others: image id, then the ids of its annotations.

    Samplers that fill up the last round repeat a sample as a whole; top-down data sets give several
    samples of one image, which differ in the annotation's id.
    """
    image_id = int(require(sample, 'img_id', "pack it: 'meta_keys' must name it"))
    ids = sample.get('id')
    return (image_id, *(() if ids is None else np.ravel(ids).tolist()))


def has_pose_scores(sample: Sample) -> bool:
    """Return whether the model gave each pose a score of its own (``bbox_scores``)."""
    return 'bbox_scores' in require(sample, 'pred_instances', 'the model must add its predictions')


def read_predictions(sample: Sample, use_pose_scores: bool, keypoint_thr: float) -> Predictions:
    """Return the boxes predicted in one data sample.

    Poses without a present keypoint have no box, and those whose score is not finite have no rank;
    both are left out and counted.

    Args:
        sample: has ``img_id`` and ``pred_instances`` with ``keypoints`` (N, K, 2) in image px,
            ``keypoint_scores`` (N, K) and, optionally, ``bbox_scores`` (N,).
        use_pose_scores: whether ``bbox_scores`` rank the poses, if there are any; otherwise the
            mean keypoint score does.
        keypoint_thr: keypoints scoring no more than this take no part.

    Raises:
        KeyError: if an entry is missing.
    """
    instances = require(sample, 'pred_instances', 'the model must add its predictions')
    keypoints = to_numpy(require(instances, 'keypoints', 'the head must predict them'))
    if keypoints.size == 0:
        return Predictions(np.zeros(0, np.int64), np.zeros((0, 4)), np.zeros(0), len(keypoints))
    raw_scores = require(instances, 'keypoint_scores', 'the head must predict them')
    keypoint_scores = to_numpy(raw_scores).reshape(keypoints.shape[:2])
    boxes, has_box = keypoint_boxes(keypoints[..., :2], keypoint_scores, keypoint_thr)
    if use_pose_scores and 'bbox_scores' in instances:
        scores = to_numpy(instances['bbox_scores']).reshape(len(keypoints))
    else:
        scores = keypoint_scores.mean(axis=1)
    is_used = has_box & np.isfinite(scores)
    image_ids = np.full(int(is_used.sum()), int(sample['img_id']), dtype=np.int64)
    return Predictions(image_ids, boxes[is_used], scores[is_used], int((~is_used).sum()))


def read_annotations(sample: Sample) -> list[Sample]:
    """Return the raw annotations that a data sample carries; none for an image without instances.

    Raises:
        KeyError: if the sample carries no annotations.
    """
    raw = require(sample, 'raw_ann_info', "give the metric an 'ann_file' or pack the data set's annotations")
    annotations = raw if isinstance(raw, (list, tuple)) else [raw]
    return [annotation for annotation in annotations if annotation is not None]


def join_predictions(parts: Sequence[Predictions]) -> Predictions:
    """Return the predictions of several samples as one; empty for no samples."""
    return Predictions(
        np.concatenate([np.zeros(0, np.int64), *(part.image_ids for part in parts)]),
        np.concatenate([np.zeros((0, 4)), *(part.boxes for part in parts)]),
        np.concatenate([np.zeros(0), *(part.scores for part in parts)]),
        sum(part.num_without_box for part in parts),
    )


def join_ground_truth(parts: Sequence[GroundTruth]) -> GroundTruth:
    """Return the ground truth of several samples as one; empty for no samples."""
    return GroundTruth(
        np.concatenate([np.zeros(0, np.int64), *(part.image_ids for part in parts)]),
        np.concatenate([np.zeros((0, 4)), *(part.boxes for part in parts)]),
        np.concatenate([np.zeros(0), *(part.areas for part in parts)]),
        np.concatenate([np.zeros(0, np.bool_), *(part.is_crowd for part in parts)]),
    )
