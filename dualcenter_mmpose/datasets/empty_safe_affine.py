"""MMPose's bottom-up augmentation for images that may hold no instance, without its slow random numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmpose.datasets.transforms import BottomupRandomAffine
from mmpose.registry import TRANSFORMS
from scipy.special import ndtr, ndtri


@TRANSFORMS.register_module()
class EmptySafeBottomupRandomAffine(BottomupRandomAffine):
    """``BottomupRandomAffine`` that also takes images without instances, and draws faster.

    The parent hands zero keypoints to ``cv2.transform``, which answers None, and fails on that.
    With at least one instance both do the same, from the same random numbers. Arguments are the parent's.
    """

    def _random(self, low: float = -1.0, high: float = 1.0, size: tuple[int, ...] = ()) -> np.ndarray:
        """Return what the parent draws.

        Its normal distribution cut to [low, high] costs a tenth of loading an image: ``scipy`` checks
        arguments and works with logarithms, which only cuts far from zero need.
        """
        if self.distribution != 'trunc_norm':
            drawn: np.ndarray = super()._random(low, high, size)
            return drawn
        below, above = ndtr(low), ndtr(high)
        return ndtri(below + np.random.uniform(size=size) * (above - below)).astype(np.float32)

    def transform(self, results: dict[str, Any]) -> dict[str, Any] | None:
        """Return the results with image, keypoints and boxes warped; empty arrays stay empty."""
        keypoints = results.get('keypoints')
        if keypoints is None or len(keypoints) > 0:
            warped: dict[str, Any] | None = super().transform(results)
            return warped
        hidden: dict[str, Any] = {key: results.pop(key) for key in ('keypoints', 'bbox') if key in results}
        results = super().transform(results)
        if 'bbox' in hidden and self.bbox_keep_corner:
            # The parent leaves boxes as their four corners.
            hidden['bbox'] = np.zeros((0, 4, 2), dtype=hidden['bbox'].dtype)
        results.update(hidden)
        return results
