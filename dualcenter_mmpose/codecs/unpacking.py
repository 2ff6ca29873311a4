"""Unpacking of a batch's annotations onto the grid of the head, and pseudo centers. Pure torch.

The counterpart of :mod:`dualcenter_mmpose.codecs.packing`: what the loader packed in input px becomes cells here, by
the alignment of the codec that also decodes.

Axis letters: B images, N instances (padded), U boxes without keypoints (padded), G center groups, K keypoints, H and W
cells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from dualcenter_mmpose.coordinates import input_to_map
from dualcenter_mmpose.types import GroundTruthInstances

MIN_UPRIGHT_ASPECT = 1.5
"""Height over width from which a box is taken to hold an upright person: head and body have a usual place in it."""

Place = tuple[float, float]
"""A usual place in the box of an upright person: shares (x, y) of its width and height from the top left."""


def unpack_instances(
    batch: Sequence[Mapping[str, Tensor]], map_width: int, stride: float, align: str
) -> GroundTruthInstances:
    """Ground-truth instances of a batch, padded to the same number.

    Args:
        batch: per image, the arrays of :func:`~dualcenter_mmpose.codecs.packing.pack_annotations` as tensors.
        map_width: W; rows of mask bits are whole bytes and may be longer.
        stride: input px per cell.
        align: cell alignment, see :mod:`dualcenter_mmpose.coordinates`.
    """

    def pad(key: str) -> Tensor:
        return pad_sequence([tensors[key] for tensors in batch], batch_first=True)

    bits = torch.cat([tensors['target_mask_bits'] for tensors in batch])
    return GroundTruthInstances(
        keypoints=input_to_map(pad('target_keypoints'), stride, align),
        labelled=pad('target_labelled').bool(),
        areas=pad('target_areas') / stride**2,
        box_centers=input_to_map(pad('target_box_centers'), stride, align),
        valid_mask=unpack_masks(bits, map_width),
    )


def unpack_masks(bits: Tensor, width: int) -> Tensor:
    """(B, H, W) bool masks from (B, H, ceil(W / 8)) uint8 bits in the order of ``numpy.packbits``."""
    shifts = torch.arange(7, -1, -1, device=bits.device, dtype=torch.uint8)
    unpacked = (bits[..., None] >> shifts) & 1  # (B, H, bytes, 8), the most significant bit first
    return unpacked.flatten(-2)[..., :width].bool()


def locate_pseudo_centers(
    boxes: Sequence[np.ndarray], places: Sequence[Place | None], stride: float, align: str, device: torch.device
) -> Tensor:
    """Pseudo centers of a batch: the usual places of centers in upright boxes without keypoints.

    Args:
        boxes: per image, (U_i, 3, 2) input px as in :class:`~dualcenter_mmpose.codecs.packing.HostLabels`.
        places: per center group, or ``None`` for a group without pseudo centers.
        stride: input px per cell.
        align: cell alignment.
        device: of the result.

    Returns:
        (B, U, G, 3) cells (x, y), and 1 where there is a pseudo center.
    """
    per_image = [_centers_in_boxes(torch.from_numpy(corners), places, stride, align) for corners in boxes]
    return pad_sequence(per_image, batch_first=True).to(device)


def _centers_in_boxes(corners: Tensor, places: Sequence[Place | None], stride: float, align: str) -> Tensor:
    """(U, G, 3) pseudo centers of one image's boxes, zeros in those that are not upright."""
    origin, right, down = corners[:, 0], corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    # Lengths of the sides: a box that the warp has turned is as upright as before.
    is_upright = down.norm(dim=-1) >= MIN_UPRIGHT_ASPECT * right.norm(dim=-1) * (1 - 1e-6)
    centers = corners.new_zeros(len(corners), len(places), 3)
    for group_idx, place in enumerate(places):
        if place is not None:
            # Along the box's own sides: a place (0.5, 0.1) in a box from (10, 20), 40 wide and 100 high, is (30, 30).
            points = origin + place[0] * right + place[1] * down
            centers[:, group_idx, :2] = input_to_map(points, stride, align)
            centers[:, group_idx, 2] = 1
    return centers * is_upright[:, None, None]
