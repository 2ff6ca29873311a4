"""Reading COCO keypoint files as layouts.

Legend: boxes are (x0, y0, x1, y1) in px; keypoints are (K, 3) = x, y, visibility, zero where not labelled.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from dualcenter_mmpose.coco.annotation_checks import AnnotationError, load_coco_annotations
from dualcenter_mmpose.coco.file_checks import PathLike, refuse

from .skeleton import KEYPOINT_NAMES, Array

_SMALLEST_SIDE, _LARGEST_SIDE = 32, 8192


class LayoutPerson(NamedTuple):
    """A person's box (4,) and keypoints (K, 3), all zero where the file labels none."""

    box: Array
    keypoints: Array


class LayoutImage(NamedTuple):
    """One image of a layout: its id in the file, its size, its people and the boxes (4,) of its crowds."""

    image_id: int
    width: int
    height: int
    persons: tuple[LayoutPerson, ...]
    crowds: tuple[Array, ...]


def read_layout(path: PathLike) -> list[LayoutImage]:
    """Return the images of a COCO keypoint file that hold people, in the file's order.

    People whose boxes have no extent cannot be drawn and are left out.

    Raises:
        AnnotationError: If the file is missing, broken, no COCO file of the 17 keypoints, or holds no person.
    """
    content = load_coco_annotations(path, num_keypoints=len(KEYPOINT_NAMES))
    _check_names(content.path, content.categories)
    sizes = [f'id {i["id"]}: {i["width"]} x {i["height"]}' for i in content.images if not _is_drawable(i)]
    refuse(content.path, f"'images' must measure {_SMALLEST_SIDE} to {_LARGEST_SIDE} px", sizes, 'Remove them.')
    people: dict[int, list[LayoutPerson]] = {image['id']: [] for image in content.images}
    crowds: dict[int, list[Array]] = {image['id']: [] for image in content.images}
    for annotation in content.annotations:
        box = _box_of(annotation)
        if annotation['category_id'] not in content.pose_category_ids or not (box[2:] > box[:2]).all():
            continue
        if annotation.get('iscrowd'):
            crowds[annotation['image_id']].append(box)
        else:
            people[annotation['image_id']].append(LayoutPerson(box, _keypoints_of(annotation)))
    images = [
        LayoutImage(idx, int(image['width']), int(image['height']), tuple(people[idx]), tuple(crowds[idx]))
        for image in content.images
        for idx in (image['id'],)
        if people[idx]
    ]
    if not images:
        raise AnnotationError(f'{content.path}: holds no person, only crowds or nothing: give a file with people')
    return images


def _check_names(path: str, categories: list[dict[str, Any]]) -> None:
    for category in categories:
        names = category.get('keypoints')
        if names and tuple(names) != KEYPOINT_NAMES:
            raise AnnotationError(
                f"{path}: category {category['id']} must name COCO's 17 keypoints {list(KEYPOINT_NAMES)}, "
                f'got {names}: people are drawn from these joints only'
            )


def _is_drawable(image: dict[str, Any]) -> bool:
    sides = (image['width'], image['height'])
    return all(side == int(side) and _SMALLEST_SIDE <= side <= _LARGEST_SIDE for side in sides)


def _box_of(annotation: dict[str, Any]) -> Array:
    x, y, width, height = annotation['bbox']
    return np.array([x, y, x + width, y + height], dtype=np.float64)


def _keypoints_of(annotation: dict[str, Any]) -> Array:
    if not annotation.get('keypoints'):
        return np.zeros((len(KEYPOINT_NAMES), 3))
    keypoints = np.array(annotation['keypoints'], dtype=np.float64).reshape(-1, 3)
    keypoints[keypoints[:, 2] <= 0] = 0.0
    return keypoints
