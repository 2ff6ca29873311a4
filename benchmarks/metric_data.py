"""Annotations and predictions of a made-up data set as large as COCO's val2017, for the benchmark of evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.structures import InstanceData
from mmpose.structures import PoseDataSample

from dualcenter_mmpose.keypoints.metainfo import COCO_METAINFO, load_keypoint_layout

Annotation = dict[str, Any]

SIZE = (640, 480)
"""Width and height of every image, px."""
CROWD_SHARE = 0.01
"""Regions in which people are not told apart, of all boxes."""
FOUND_SHARE = 0.85
"""Annotated boxes near which there are predictions, of all boxes."""
COPIED_SHARE = 0.35
"""Predictions that are an annotated person's, more or less, of all predictions."""


def make_annotations(rng: np.random.Generator, num_images: int, num_people: int) -> list[Annotation]:
    """Return COCO annotations, crowd regions among them, by image id from 1; people are small and large, as in COCO."""
    image_ids = np.sort(rng.integers(1, num_images + 1, num_people))
    boxes = _random_boxes(rng, num_people)
    areas = boxes[:, 2] * boxes[:, 3] * rng.uniform(0.35, 0.7, num_people)
    is_crowd = rng.random(num_people) < CROWD_SHARE
    return [
        dict(
            id=idx + 1,
            image_id=int(image_ids[idx]),
            category_id=1,
            bbox=boxes[idx].tolist(),
            area=float(areas[idx]),
            iscrowd=int(is_crowd[idx]),
            num_keypoints=0,
            keypoints=[0] * 51,
            segmentation=[],
        )
        for idx in range(num_people)
    ]


def make_content(annotations: Sequence[Annotation], num_images: int) -> dict[str, Any]:
    """Return what a COCO annotation file of these annotations holds."""
    width, height = SIZE
    images = [dict(id=idx, file_name=f'{idx}.jpg', width=width, height=height) for idx in range(1, num_images + 1)]
    names = list(load_keypoint_layout(COCO_METAINFO).keypoint_names)
    person = dict(id=1, name='person', supercategory='person', keypoints=names, skeleton=[])
    return dict(images=images, categories=[person], annotations=list(annotations))


def make_samples(
    rng: np.random.Generator, annotations: Sequence[Annotation], num_images: int, num_predictions: int
) -> list[PoseDataSample]:
    """Return one data sample an image with poses of annotated people, shifted and stretched, and of nobody."""
    people = np.array([ann['bbox'] for ann in annotations])
    owners = np.array([ann['image_id'] for ann in annotations])
    num_copied = round(COPIED_SHARE * num_predictions)
    # Whoever is found at all is found once closely and then again and again, as far as the predictions go.
    found = rng.permutation(len(people))[: round(FOUND_SHARE * len(people))]
    idx = np.concatenate([found, rng.choice(found, num_predictions)])[:num_copied]
    spread = np.where(np.arange(num_copied) < len(found), 0.06, 0.15)[:, None]
    noise = spread * rng.normal(size=(num_copied, 4)) * np.tile(people[idx, 2:], 2)
    copied = people[idx] + noise
    copied[:, 2:] = np.maximum(copied[:, 2:], 2)
    num_false = num_predictions - num_copied
    boxes = np.concatenate([copied, _random_boxes(rng, num_false)])
    image_ids = np.concatenate([owners[idx], rng.integers(1, num_images + 1, num_false)])
    scores = np.concatenate([rng.beta(4, 2, num_copied), rng.beta(1, 4, num_false)]).astype(np.float32)
    poses = _poses_in(rng, boxes)
    joint_scores = rng.uniform(0.1, 1, poses.shape[:2]).astype(np.float32)
    return [
        _make_sample(image_id, poses[own], joint_scores[own], scores[own])
        for image_id in range(1, num_images + 1)
        for own in [np.flatnonzero(image_ids == image_id)]
    ]


def _random_boxes(rng: np.random.Generator, num: int) -> np.ndarray:
    """Return (num, 4) x, y, w, h in px, from a few px high to the whole image."""
    height = np.clip(np.exp(rng.normal(4.5, 0.9, num)), 6, SIZE[1])
    width = np.clip(height * rng.uniform(0.3, 1.0, num), 4, SIZE[0])
    corner = rng.random((num, 2)) * (np.array(SIZE) - np.stack([width, height], 1))
    return np.column_stack([corner, width, height])


def _poses_in(rng: np.random.Generator, boxes: np.ndarray) -> np.ndarray:
    """Return (M, 17, 2) keypoints in image px whose tight boxes are the given ones."""
    shares = rng.random((len(boxes), 17, 2))
    shares[:, 0], shares[:, 1] = 0, 1
    return (boxes[:, None, :2] + shares * boxes[:, None, 2:]).astype(np.float32)


def _make_sample(image_id: int, poses: np.ndarray, joint_scores: np.ndarray, scores: np.ndarray) -> PoseDataSample:
    """Return a data sample as a model's ``predict`` leaves it."""
    sample = PoseDataSample(
        metainfo=dict(id=image_id, img_id=image_id, ori_shape=SIZE[::-1], category_id=1, raw_ann_info=None)
    )
    sample.gt_instances = InstanceData()
    sample.pred_instances = InstanceData(keypoints=poses, keypoint_scores=joint_scores, bbox_scores=scores)
    return sample
