"""Pictures to COCO annotations: masks, boxes, areas, and keypoints with their visibility.

Legend: masks and polygons use COCO's convention that pixel i covers [i, i + 1]; keypoints have
pixel centres at whole numbers. Visibility: 2 seen, 1 hidden but labelled, 0 outside the image or
not labelled (then x = y = 0).
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .compose import CROWD_OWNER, Picture, Sight
from .render import Mask
from .scene import Person, Scene
from .skeleton import KEYPOINT_NAMES, KEYPOINT_POINTS, Array
from .things import NOBODY

SMALLEST_MASK = 12  # px; less of a person is no longer annotated
SMALLEST_SHARE = 0.06  # of the mask they would have if nobody stood before them
# How deep below the skin and clothes a keypoint lies at most when it faces the camera, in fractions of the stature.
_DEPTHS = {
    'nose': 0.03, 'eye': 0.03, 'ear': 0.035, 'shoulder': 0.065, 'elbow': 0.05, 'wrist': 0.045, 'hip': 0.095,
    'knee': 0.065, 'ankle': 0.055,
}  # fmt: skip
_TOLERANCE = np.array([_DEPTHS[name.split('_')[-1]] for name in KEYPOINT_NAMES])
# Annotators guess most hidden joints of the body, but seldom the features of a face that looks away.
_LABEL_HIDDEN = np.array([0.25 if idx < 5 else 0.8 for idx in range(len(KEYPOINT_NAMES))])

Annotation = dict[str, Any]


def annotate(scene: Scene, picture: Picture, rng: np.random.Generator) -> list[Annotation]:
    """Return the annotations of a picture without their ids; people hardly seen are left out."""
    annotations = []
    for idx, (person, sight) in enumerate(zip(scene.people, picture.sights)):
        if sight is None:
            continue
        mask = picture.owner == idx
        num_pixels = int(np.count_nonzero(mask))
        if num_pixels < max(SMALLEST_MASK, SMALLEST_SHARE * sight.num_pixels):
            continue
        keypoints = np.zeros((len(KEYPOINT_NAMES), 3))
        if person.has_keypoints:
            keypoints = label_keypoints(person, idx, sight, picture, rng)
        annotations.append(_describe(mask, mask_to_polygons(mask), 0, keypoints))
    for idx in range(len(scene.crowds)):
        mask = crowd_mask(picture, idx)
        if mask.any():
            annotations.append(_describe(mask, mask_to_rle(mask), 1, np.zeros((len(KEYPOINT_NAMES), 3))))
    return annotations


def _describe(mask: Mask, segmentation: object, iscrowd: int, keypoints: Array) -> Annotation:
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    box = [columns[0], rows[0], columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1]
    return {
        'category_id': 1,
        'bbox': [int(value) for value in box],
        'area': int(np.count_nonzero(mask)),
        'segmentation': segmentation,
        'iscrowd': iscrowd,
        'keypoints': [int(v) if v == int(v) else float(v) for v in np.round(keypoints, 1).ravel()],
        'num_keypoints': int(np.count_nonzero(keypoints[:, 2])),
    }


def label_keypoints(person: Person, idx: int, sight: Sight, picture: Picture, rng: np.random.Generator) -> Array:
    """Return the keypoints (K, 3) = x, y, visibility of a person.

    A keypoint is seen where the person owns its pixel (or one beside it) and the surface there is no farther
    in front of it than flesh and clothes are thick; otherwise something else, or another part of the body,
    hides it.
    """
    height, width = picture.owner.shape
    points = person.view.points[KEYPOINT_POINTS]
    scale = person.view.scale[KEYPOINT_POINTS]
    # Of somebody more than half hidden there is ever less to guess the hidden joints from.
    share = np.count_nonzero(picture.owner == idx) / max(sight.num_pixels, 1)
    labels = rng.random(len(points)) < _LABEL_HIDDEN * min(1.0, 2.0 * share)
    if person.labelled is not None:
        labels = person.labelled
    keypoints = np.zeros((len(points), 3))
    for k, (x, y, depth) in enumerate(points):
        if not (-0.5 <= x < width - 0.5 and -0.5 <= y < height - 0.5):
            continue
        is_seen = _owns(picture.owner, idx, x, y) and (
            depth - _surface_depth(sight, x, y) <= _TOLERANCE[k] * scale[k] + 1.0
        )
        if person.labelled is not None and not person.labelled[k]:
            continue
        if is_seen or labels[k]:
            keypoints[k] = x, y, 2 if is_seen else 1
    keypoints[:, 0] = np.clip(keypoints[:, 0], 0, width - 1)
    keypoints[:, 1] = np.clip(keypoints[:, 1], 0, height - 1)
    return keypoints


def _owns(owner: NDArray[np.int16], idx: int, x: float, y: float) -> bool:
    column, row = round(x), round(y)
    around = owner[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2]
    return bool((around == idx).any())


def _surface_depth(sight: Sight, x: float, y: float) -> float:
    """Return the depth of the surface that a person shows at an image place; infinite where they show none."""
    window, zoom = sight.window, sight.window.zoom
    column = int((x + 0.5 - window.x0) * zoom)
    row = int((y + 0.5 - window.y0) * zoom)
    height, width = window.shape
    return float(sight.surface.depth[min(max(row, 0), height - 1), min(max(column, 0), width - 1)])


def crowd_mask(picture: Picture, idx: int) -> Mask:
    """Return the region (H, W) of a crowd, with the gaps between its people closed but nobody else covered."""
    seen = (picture.owner == CROWD_OWNER + idx).astype(np.uint8)
    closed = cv2.morphologyEx(seen, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8)) > 0
    free = (picture.owner == NOBODY) | (seen > 0)
    mask: Mask = closed & free
    return mask


def mask_to_polygons(mask: Mask) -> list[list[float]]:
    """Return the outlines of a mask (H, W) along the corners of its pixels, simplified to half a pixel."""
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    if len(columns) == 0:
        return []
    x0, y0 = int(columns[0]), int(rows[0])
    crop = mask[y0 : rows[-1] + 1, x0 : columns[-1] + 1]
    # Twice the size plus one: even places are pixel corners, odd ones centres, so a contour can follow the corners.
    grid = np.zeros((2 * crop.shape[0] + 1, 2 * crop.shape[1] + 1), dtype=np.uint8)
    grid[1::2, 1::2] = crop
    grid = cv2.dilate(grid, np.ones((3, 3), np.uint8))
    contours, _ = cv2.findContours(grid, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    polygons = []
    for contour in contours:
        outline = cv2.approxPolyDP(contour, 1.0, True)
        outline = outline if len(outline) >= 3 else contour
        polygons.append((outline.reshape(-1, 2) / 2.0 + (x0, y0)).ravel().tolist())
    return polygons


def mask_to_rle(mask: Mask) -> dict[str, list[int]]:
    """Return a mask (H, W) as COCO's uncompressed run lengths: down the columns, starting with zeros."""
    flat = np.concatenate([[0], mask.ravel(order='F').astype(np.int8), [0]])
    changes = np.flatnonzero(np.diff(flat))
    ends = np.concatenate([[0], changes, [mask.size]])
    counts = np.diff(ends).tolist()
    if counts[-1] == 0:
        counts.pop()
    return {'size': [int(mask.shape[0]), int(mask.shape[1])], 'counts': counts}
