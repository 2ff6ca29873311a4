"""MMPose's packing of samples, without its slow way of copying images."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import torch
from mmpose.datasets.transforms import PackPoseInputs
from mmpose.registry import TRANSFORMS

_PLACEHOLDER = np.zeros((1, 1, 3), np.uint8)
_OPENCV_TYPES = (np.uint8, np.float32)
_FLIP_CODES = {(True, False): 0, (False, True): 1, (True, True): -1}
"""(upside down, mirrored) -> what OpenCV calls it."""


def to_planes(image: np.ndarray) -> np.ndarray:
    """Return an (H, W, C) image of uint8 or float32 as C-contiguous (C, H, W), whatever its strides.

    A mirrored image comes as a view with negative strides. Copying that pixel by pixel takes longer than warping the
    image did; its planes are mirrored fast.
    """
    is_flipped = (image.strides[0] < 0, image.strides[1] < 0)
    upright = np.ascontiguousarray(image[:: -1 if is_flipped[0] else 1, :: -1 if is_flipped[1] else 1])
    planes = np.empty((image.shape[2], *image.shape[:2]), image.dtype)
    cv2.split(upright, list(planes))
    if any(is_flipped):
        for plane in planes:
            cv2.flip(plane, _FLIP_CODES[is_flipped], plane)
    return planes


@TRANSFORMS.register_module()
class FastPackPoseInputs(PackPoseInputs):
    """``PackPoseInputs`` that splits images into planes by OpenCV; the results are the parent's, bit for bit.

    Lists of images and other types than uint8 and float32 are left to the parent. Arguments are the parent's.
    """

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Return image and data sample; see the parent."""
        image = results.get('img')
        if not isinstance(image, np.ndarray) or image.ndim != 3 or image.dtype not in _OPENCV_TYPES:
            packed: dict[str, Any] = super().transform(results)
            return packed
        # The parent packs all the rest; a single pixel stands for the image meanwhile.
        packed = super().transform({**results, 'img': _PLACEHOLDER})
        packed['inputs'] = torch.from_numpy(to_planes(image))
        return packed
