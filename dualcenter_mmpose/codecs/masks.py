"""Regions excluded from supervision: crowds and instances without keypoints, as a mask on the map's grid.

MMPose's own transform silently drops run-length encoded regions, which is how COCO stores every crowd, and dies with an
IndexError on an empty ``segmentation``. Here polygons are warped as points and filled at map resolution, run-length
encodings are decoded and warped, and an instance without any segmentation is masked by its box.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import cv2
import numpy as np
from pycocotools import mask as coco_mask

from dualcenter_mmpose.coco.annotation_defaults import has_labels, region_of

_SUBPIXEL_BITS = 4
"""Fractional bits of polygon corners handed to OpenCV: a sixteenth of a cell."""


def is_unlabelled(annotation: Mapping[str, Any]) -> bool:
    """Return whether an annotation marks a region whose keypoints are unknown: a crowd, or no labelled keypoint."""
    return bool(annotation.get('iscrowd', 0)) or not has_labels(annotation)


def draw_valid_mask(
    annotations: Iterable[Mapping[str, Any]], image_to_map: np.ndarray, map_size: tuple[int, int]
) -> np.ndarray:
    """Return which cells may be supervised.

    Args:
        annotations: COCO annotations of one image, in image pixels.
        image_to_map: (2, 3) or (3, 3) affine matrix from image px to cells.
        map_size: (W, H) cells.

    Returns:
        (H, W) bool, False inside crowds and instances without labelled keypoints.

    Source:
        Crowd regions and instances without keypoints are left out of the heatmap loss as in DEKR.
    """
    ignored = np.zeros((map_size[1], map_size[0]), dtype=np.uint8)
    for annotation in annotations:
        if is_unlabelled(annotation):
            _fill_region(ignored, annotation, image_to_map[:2])
    return ignored == 0


def _fill_region(canvas: np.ndarray, annotation: Mapping[str, Any], image_to_map: np.ndarray) -> None:
    region = region_of(annotation)
    if isinstance(region, Mapping):
        _fill_run_lengths(canvas, region, image_to_map)
        return
    for polygon in region:
        corners = np.asarray(polygon, dtype=np.float64).reshape(-1, 1, 2)  # x1, y1, x2, y2, ... -> (corners, 1, 2)
        cells = cv2.transform(corners, image_to_map)
        # Fixed point keeps the outline of a region that is smaller than a cell: 2.25 cells are 36 sixteenths.
        fixed = np.round(cells * (1 << _SUBPIXEL_BITS)).astype(np.int32)
        cv2.fillPoly(canvas, [fixed], 1, shift=_SUBPIXEL_BITS)


def _fill_run_lengths(canvas: np.ndarray, run_lengths: Mapping[str, Any], image_to_map: np.ndarray) -> None:
    height, width = run_lengths['size']
    encoded = run_lengths
    if isinstance(run_lengths['counts'], list):  # COCO's crowds are lists, which pycocotools decodes only once packed
        encoded = coco_mask.frPyObjects(run_lengths, height, width)
    region = coco_mask.decode(encoded)
    size = (canvas.shape[1], canvas.shape[0])
    # Read at float precision: on uint8 zeros and ones, OpenCV rounds every mixture at the border to one of them.
    warped = cv2.warpAffine(region.astype(np.float32), image_to_map, size, flags=cv2.INTER_LINEAR)
    canvas[warped >= 0.5] = 1


def pack_mask(mask: np.ndarray) -> np.ndarray:
    """Return a bool (H, W) mask as (1, H, W / 8) uint8 bits, 2 KiB for 128 x 128; inverse: :func:`unpack_mask`."""
    return np.packbits(mask, axis=1)[None]


def unpack_mask(bits: np.ndarray, width: int) -> np.ndarray:
    """Return the (H, W) bool mask of :func:`pack_mask`'s bits (on a batch of tensors: ``unpacking.unpack_masks``)."""
    return np.unpackbits(bits[0], axis=1, count=width).astype(bool)
