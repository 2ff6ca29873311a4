"""Geometry of one image's annotations on their way to the map: matrices, box middles, areas. Pure numpy.

Axis letters: N persons, K keypoints.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dualcenter_mmpose.codecs.masks import is_unlabelled


def image_to_input_matrix(
    warp_mat: np.ndarray | None, flip: bool | None, direction: str | None, size: tuple[int, int]
) -> np.ndarray:
    """Return the (3, 3) matrix of the warp followed by the mirroring."""
    matrix = np.eye(3)
    if warp_mat is not None:
        matrix[: len(warp_mat)] = warp_mat
    if flip:
        mirror = np.eye(3)
        for axis in {'horizontal': (0,), 'vertical': (1,), 'diagonal': (0, 1)}[direction or 'horizontal']:
            mirror[axis, axis], mirror[axis, 2] = -1, size[axis] - 1
        matrix = mirror @ matrix
    return matrix


def box_centers(
    cells: np.ndarray, labelled: np.ndarray, annotations: Sequence[Mapping[str, Any]], to_map: np.ndarray
) -> np.ndarray:
    """Return (N, 2) middles of the annotated boxes in cells; of the labelled keypoints' boxes where there are none."""
    if len(annotations) == len(cells) and all('bbox' in ann for ann in annotations):
        boxes = np.array([ann['bbox'] for ann in annotations], np.float64).reshape(-1, 4)
        return (boxes[:, :2] + boxes[:, 2:] / 2) @ to_map[:2, :2].T + to_map[:2, 2]
    lowest, highest = _keypoint_boxes(cells, labelled)
    return (lowest + highest) / 2


MIN_UPRIGHT_ASPECT = 1.5
"""Height over width from which a box is taken to hold an upright person: head and body have a usual place in it."""


def presume_centers(
    annotations: Sequence[Mapping[str, Any]], places: Sequence[tuple[float, float] | None], to_map: np.ndarray
) -> np.ndarray:
    """Return presumed centers of upright persons that have a box and no keypoints.

    Args:
        annotations: of one image, image px.
        places: per center group, the usual place in an upright box as shares (x, y) of its width and height, or
            ``None``.
        to_map: (3, 3) matrix image px -> cells.

    Returns:
        (N', G, 3) cells (x, y) and 1 where a center is presumed, for the N' such persons.
    """
    boxes = [ann['bbox'] for ann in annotations if is_unlabelled(ann) and not ann.get('iscrowd', 0)]
    boxes = [box for box in boxes if box[2] > 0 and box[3] >= MIN_UPRIGHT_ASPECT * box[2]]
    presumed = np.zeros((len(boxes), len(places), 3), np.float32)
    corners = np.array(boxes, np.float64).reshape(-1, 4)
    for group_idx, place in enumerate(places):
        if place is not None:
            points = corners[:, :2] + corners[:, 2:] * place
            presumed[:, group_idx, :2] = points @ to_map[:2, :2].T + to_map[:2, 2]
            presumed[:, group_idx, 2] = 1
    return presumed


def _keypoint_boxes(cells: np.ndarray, labelled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the (N, 2) corners of the boxes around labelled keypoints; zeros without any."""
    has_labels = labelled.any(axis=1, keepdims=True)
    lowest = np.where(labelled[..., None], cells, np.inf).min(axis=1, initial=np.inf)
    highest = np.where(labelled[..., None], cells, -np.inf).max(axis=1, initial=-np.inf)
    return np.where(has_labels, lowest, 0), np.where(has_labels, highest, 0)


def keypoint_box_areas(cells: np.ndarray, labelled: np.ndarray) -> np.ndarray:
    """Return (N,) areas of the boxes around labelled keypoints, cells^2; 0 without any."""
    lowest, highest = _keypoint_boxes(cells, labelled)
    return np.prod(highest - lowest, axis=1)
