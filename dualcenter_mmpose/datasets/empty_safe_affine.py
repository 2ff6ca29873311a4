"""MMPose's bottom-up augmentation for images that may hold no person."""

from __future__ import annotations

from typing import Any

import numpy as np
from mmpose.datasets.transforms import BottomupRandomAffine
from mmpose.registry import TRANSFORMS


@TRANSFORMS.register_module()
class EmptySafeBottomupRandomAffine(BottomupRandomAffine):
    """``BottomupRandomAffine`` that also takes images without people.

    The parent hands zero keypoints to ``cv2.transform``, which answers None, and fails on that.
    With at least one person both do the same. Arguments are the parent's.
    """

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
