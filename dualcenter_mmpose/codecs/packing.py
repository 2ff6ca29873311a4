"""Packing of one image's annotations for the head, in input px. Pure numpy.

Nothing here depends on centers, cell alignment or sigmas: those are the head's, which turns what is packed here into
targets (:mod:`dualcenter_mmpose.codecs.unpacking`). An *input px* is one of the codec's ``input_size``, the nominal
size S, even where the loader warps the image at 2S: pixel ``i`` of S covers the pixels 2i and 2i + 1 of 2S.

Axis letters: N labelled instances, U boxes without keypoints, K keypoints, H and W cells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from dualcenter_mmpose.codecs.masks import draw_valid_mask, is_unlabelled, pack_mask
from dualcenter_mmpose.coordinates import input_to_map, input_to_map_matrix

Annotations = Sequence[Mapping[str, Any]]


class HostLabels(NamedTuple):
    """Labels that are packed beside the tensors and stay on the host.

    Attributes:
        input_size: (w, h) whose px the labels are in.
        unlabelled_boxes: (U, 3, 2) input px: top left, top right and bottom left corner of each box without keypoints,
            as the person in it sees them: a mirrored box has its "left" on the right. (The warp may turn a box, so two
            corners would not do.)
    """

    input_size: tuple[int, int]
    unlabelled_boxes: np.ndarray


def image_to_input_matrix(
    warp_mat: np.ndarray | None, flip: bool | None, direction: str | None, size: tuple[int, int]
) -> np.ndarray:
    """(3, 3) matrix of the warp followed by the mirroring, image px -> px of the warped image.

    Args:
        warp_mat: (2, 3) or (3, 3), ``None`` for none.
        flip: whether the warped image was mirrored.
        direction: ``'horizontal'`` (default), ``'vertical'`` or ``'diagonal'``.
        size: (w, h) of the warped image.
    """
    matrix = np.eye(3)
    if warp_mat is not None:
        matrix[: len(warp_mat)] = warp_mat
    if flip:
        mirror = np.eye(3)
        # Pixel x of w goes to w - 1 - x: 3 of 64 to 60.
        for axis in {'horizontal': (0,), 'vertical': (1,), 'diagonal': (0, 1)}[direction or 'horizontal']:
            mirror[axis, axis], mirror[axis, 2] = -1, size[axis] - 1
        matrix = mirror @ matrix
    return matrix


def pack_annotations(
    keypoints: np.ndarray,
    labelled: np.ndarray,
    areas: np.ndarray | None,
    annotations: Annotations,
    image_to_input: np.ndarray,
    reduction: float,
    map_size: tuple[int, int],
    stride: float,
) -> tuple[dict[str, Any], np.ndarray]:
    """Arrays of the labelled instances and of the mask, and the boxes without keypoints.

    Args:
        keypoints: (N0, K, 2) px of the warped image, for all N0 annotations with or without labels.
        labelled: (N0, K) bool.
        areas: (N0,) px^2 of the warped image; the labelled keypoints' boxes by default.
        annotations: COCO annotations of the image, image px.
        image_to_input: (3, 3) image px -> px of the warped image.
        reduction: px of the warped image per input px.
        map_size: (W, H) of the mask.
        stride: input px per cell of the mask.

    Returns:
        ``target_keypoints`` (N, K, 2) input px, ``target_labelled`` (N, K) uint8, ``target_areas`` (N,) input px^2,
        ``target_box_centers`` (N, 2) input px of the N instances with a labelled keypoint, ``target_mask_bits``
        (1, H, W / 8) uint8; and (U, 3, 2) boxes as in :class:`HostLabels`.
    """
    # Reducing an image by area puts pixel x of the larger one at (x + 0.5) / reduction - 0.5.
    image_to_nominal = input_to_map_matrix(reduction) @ image_to_input
    points = input_to_map(keypoints.astype(np.float32), reduction)
    has_labels = labelled.any(axis=1)
    boxes = box_centers(points, labelled, annotations, image_to_nominal)
    box_areas = keypoint_box_areas(points, labelled) if areas is None else np.asarray(areas, np.float32) / reduction**2
    # A cell of the mask stands for the pixels that it covers, whichever of them `align` lets its index point at.
    mask = draw_valid_mask(annotations, input_to_map_matrix(stride) @ image_to_nominal, map_size)
    packed: dict[str, Any] = {
        'target_keypoints': points[has_labels].astype(np.float32),
        'target_labelled': labelled[has_labels].astype(np.uint8),
        'target_areas': box_areas[has_labels].astype(np.float32),
        'target_box_centers': boxes[has_labels].astype(np.float32),
        'target_mask_bits': pack_mask(mask),
    }
    return packed, unlabelled_boxes(annotations, image_to_nominal)


def unlabelled_boxes(annotations: Annotations, image_to_input: np.ndarray) -> np.ndarray:
    """Boxes of single instances without labelled keypoints.

    Args:
        annotations: of one image, image px; crowds and boxes without width are left out.
        image_to_input: (3, 3) image px -> input px.

    Returns:
        (U, 3, 2) float32 input px, corners as in :class:`HostLabels`.
    """
    boxes = [ann['bbox'] for ann in annotations if is_unlabelled(ann) and not ann.get('iscrowd', 0) and 'bbox' in ann]
    xywh = np.array([box for box in boxes if box[2] > 0], np.float64).reshape(-1, 4)
    origin, size = xywh[:, None, :2], xywh[:, None, 2:]
    corners = origin + size * np.array([[0, 0], [1, 0], [0, 1]])  # (U, 1, 2) and (3, 2) -> (U, 3, 2)
    return (corners @ image_to_input[:2, :2].T + image_to_input[:2, 2]).astype(np.float32)


def box_centers(
    keypoints: np.ndarray, labelled: np.ndarray, annotations: Annotations, image_to_input: np.ndarray
) -> np.ndarray:
    """(N0, 2) middles of the annotated boxes, of the labelled keypoints' boxes where there are none.

    Args:
        keypoints: (N0, K, 2) input px.
        labelled: (N0, K) bool.
        annotations: of the image, image px; used where there is one with a box for every row of ``keypoints``.
        image_to_input: (3, 3) image px -> input px.
    """
    if len(annotations) == len(keypoints) and all('bbox' in ann for ann in annotations):
        boxes = np.array([ann['bbox'] for ann in annotations], np.float64).reshape(-1, 4)
        return (boxes[:, :2] + boxes[:, 2:] / 2) @ image_to_input[:2, :2].T + image_to_input[:2, 2]
    lowest, highest = _keypoint_boxes(keypoints, labelled)
    return (lowest + highest) / 2


def keypoint_box_areas(keypoints: np.ndarray, labelled: np.ndarray) -> np.ndarray:
    """(N0,) areas of the boxes around labelled keypoints, in the square of their unit; 0 without any."""
    lowest, highest = _keypoint_boxes(keypoints, labelled)
    return np.prod(highest - lowest, axis=1)


def _keypoint_boxes(keypoints: np.ndarray, labelled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N0, 2) lowest and highest corners of the boxes around labelled keypoints; zeros without any."""
    has_labels = labelled.any(axis=1, keepdims=True)
    lowest = np.where(labelled[..., None], keypoints, np.inf).min(axis=1, initial=np.inf)
    highest = np.where(labelled[..., None], keypoints, -np.inf).max(axis=1, initial=-np.inf)
    return np.where(has_labels, lowest, 0), np.where(has_labels, highest, 0)
