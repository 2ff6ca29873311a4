"""What a COCO annotation says, and what stands in for a key that it leaves out.

Data sets, codecs and metrics all ask here, so that training and evaluation cannot read an annotation differently.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Union

import numpy as np

Polygons = Sequence[Union[Sequence[float], np.ndarray]]
Region = Union[Polygons, dict[str, Any]]

AREA_PER_BOX_AREA = 0.53
"""Share of its box that an instance covers, where no area is annotated. Source: crowdposetools."""


def has_labels(annotation: Mapping[str, Any]) -> bool:
    """Return whether any keypoint of an annotation is labelled.

    The visibilities count, not ``num_keypoints``, which files leave out or do not keep up to date.

    Args:
        annotation: a COCO annotation; ``keypoints`` (x, y, visibility, K times) may be missing, None or empty.
    """
    return any(visibility > 0 for visibility in (annotation.get('keypoints') or ())[2::3])


def complete_annotation(annotation: Mapping[str, Any], num_keypoints: int) -> dict[str, Any]:
    """Return a copy that has ``keypoints``, ``num_keypoints`` and ``iscrowd``.

    An instance without ``keypoints`` gets unlabelled ones. Left as it is, MMPose would drop the
    instance, and its region would be supervised as background.

    Args:
        annotation: a COCO annotation.
        num_keypoints: keypoints K of the set.
    """
    keypoints = annotation.get('keypoints')
    completed = dict(annotation)
    completed['keypoints'] = [0] * (3 * num_keypoints) if keypoints is None else keypoints
    num_labelled = sum(v > 0 for v in completed['keypoints'][2::3])
    completed['num_keypoints'] = annotation.get('num_keypoints', num_labelled)
    completed['iscrowd'] = annotation.get('iscrowd', 0)
    return completed


def region_of(annotation: Mapping[str, Any]) -> Region:
    """Return the region of an instance or crowd: its segmentation, else its box as a polygon.

    Args:
        annotation: a COCO annotation with ``bbox``; ``segmentation`` may be missing, empty,
            polygons or a run-length encoding.

    Returns:
        polygons of at least three corners each, or the run-length encoding as it is; image px.
    """
    region = annotation.get('segmentation')
    if isinstance(region, Mapping) and 'counts' in region and 'size' in region:
        return dict(region)
    if isinstance(region, (list, tuple)):
        # Fewer than three corners (six numbers) enclose nothing; COCO has such leftovers.
        polygons = [p for p in region if isinstance(p, (list, tuple, np.ndarray)) and len(p) >= 6]
        if polygons:
            return polygons
    x, y, w, h = annotation['bbox']
    return [[x, y, x + w, y, x + w, y + h, x, y + h]]


def area_of(annotation: Mapping[str, Any]) -> float:
    """Return the size of an instance, px^2: its ``area``, else 0.53 of its whole box, as evaluation tools take it.

    MMPose cuts the box at the image's border first. An instance that is half outside would be trained with half the
    size, and a lower OKS than evaluation gives.

    Args:
        annotation: a COCO annotation with ``bbox``; ``area`` may be missing (CrowdPose) or None.
    """
    area = annotation.get('area')
    if area is not None:
        return float(area)
    width, height = annotation['bbox'][2:]
    return float(AREA_PER_BOX_AREA * width * height)
