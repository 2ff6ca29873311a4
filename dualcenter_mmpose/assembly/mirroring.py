"""Maps of a mirrored image, turned back onto the image.

Axis letters and array layouts: :mod:`dualcenter_mmpose.types`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812 (torch's own convention)

from dualcenter_mmpose.types import DenseMaps


def turn_back(maps: DenseMaps, flip_indices: Sequence[int], num_centers: int, shift: float) -> DenseMaps:
    """Maps of mirrored images as maps of the images: cells reversed, sides exchanged, x negated.

    Args:
        maps: of images that were mirrored left to right.
        flip_indices: K indices, the keypoint that each one becomes in a mirrored image.
        num_centers: G; centers have no sides.
        shift: how many cells a reversed map lies off, from :func:`~dualcenter_mmpose.coordinates.mirror_shift`.
            Example: with ``align='corner'`` and a stride of 4, pixel 100 of 256 is cell 25; mirrored it is pixel 155,
            cell 38.75, and reversed 63 - 38.75 = 24.25: 3/4 of a cell too far left.
    """
    num_keypoints = len(flip_indices)
    channels = [*flip_indices, *range(num_keypoints, num_keypoints + num_centers)]
    heatmaps = maps.heatmaps[:, channels].flip(-1)
    if shift:  # to the nearest whole cell, as DEKR does; blending two cells would lower the peaks
        heatmaps = F.pad(heatmaps, (round(shift), 0, 0, 0), mode='replicate')[..., : maps.heatmaps.shape[-1]]
    vectors = maps.displacements.unflatten(1, (num_centers, num_keypoints, 2))  # (B, G, K, 2, H, W)
    vectors = vectors[:, :, list(flip_indices)].flip(-1)
    x = shift - vectors[:, :, :, 0]  # 5 cells to the right become 5 to the left
    vectors = torch.stack((x, vectors[:, :, :, 1]), dim=3)
    return DenseMaps(heatmaps, vectors.flatten(1, 3))
