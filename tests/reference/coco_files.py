"""A tiny COCO data set on disk, small enough to work out every number by hand."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np

COCO_KEYPOINT_NAMES = (
    'nose',
    'left_eye',
    'right_eye',
    'left_ear',
    'right_ear',
    'left_shoulder',
    'right_shoulder',
    'left_elbow',
    'right_elbow',
    'left_wrist',
    'right_wrist',
    'left_hip',
    'right_hip',
    'left_knee',
    'right_knee',
    'left_ankle',
    'right_ankle',
)


def person(
    annotation_id: int,
    image_id: int,
    box: tuple[float, float, float, float],
    num_labelled: int = 17,
    **changes: object,
) -> dict[str, Any]:
    """Return a person whose labelled keypoints lie on the diagonal of the box, corner to corner."""
    x, y, w, h = box
    keypoints: list[float] = []
    for idx in range(17):
        share = idx / max(num_labelled - 1, 1)
        labelled = idx < num_labelled
        keypoints += [x + share * w, y + share * h, 2] if labelled else [0, 0, 0]
    return {
        'id': annotation_id,
        'image_id': image_id,
        'category_id': 1,
        'bbox': list(box),
        'area': 0.5 * w * h,
        'iscrowd': 0,
        'num_keypoints': num_labelled,
        'keypoints': keypoints,
        'segmentation': [[x, y, x + w, y, x + w, y + h]],
        **changes,
    }


def coco_content(*annotations: dict[str, Any], num_images: int = 3) -> dict[str, Any]:
    """Return the content of a COCO file with images 1 to ``num_images`` of 200 x 160 px."""
    return {
        'images': [{'id': i, 'file_name': f'{i}.png', 'width': 200, 'height': 160} for i in range(1, num_images + 1)],
        'categories': [{'id': 1, 'name': 'person', 'keypoints': list(COCO_KEYPOINT_NAMES)}],
        'annotations': copy.deepcopy(list(annotations)),
    }


def write_coco(folder: Path, content: Any, with_images: bool = False) -> str:
    """Write ``ann.json`` and, if wanted, the images as grey pictures; return the file's path."""
    path = folder / 'ann.json'
    path.write_text(json.dumps(content))
    for image in content['images'] if with_images else ():
        picture = np.full((image['height'], image['width'], 3), 128, np.uint8)
        cv2.imwrite(str(folder / image['file_name']), picture)
    return str(path)
