"""Heads with small pose-level networks, and what to feed them."""

from __future__ import annotations

from typing import Any

import torch

from dualcenter_mmpose.models.heads import DualCenterHead
from dualcenter_mmpose.types import Candidates
from tests.helpers import TINY_CHANNELS, codec_config, encode_sample, random_people, standing_people, tiny_pose_nets

SIZE = 64
TWO_PEOPLE = standing_people([(60, 70, 5), (190, 150, 6)])
"""In an image of 256 px."""


def make_head(codec: dict[str, Any] | None = None, **options: Any) -> DualCenterHead:
    """Return a small head with three networks, unless ``pose_nets`` says otherwise."""
    options = {'num_heatmap_filters': 8, 'num_displacement_filters_per_keypoint': 2, **options}
    options.setdefault('pose_nets', tiny_pose_nets())
    torch.manual_seed(0)
    return DualCenterHead(TINY_CHANNELS, 17, codec or codec_config(SIZE), **options)


def random_features(num_images: int = 2, size: int = SIZE, seed: int = 0) -> tuple[torch.Tensor, ...]:
    """Return the maps of a backbone for images of ``size`` px."""
    generator = torch.Generator().manual_seed(seed)
    return tuple(
        torch.randn(num_images, channels, size // 4 >> i, size // 4 >> i, generator=generator)
        for i, channels in enumerate(TINY_CHANNELS)
    )


def packed_samples(head: DualCenterHead, counts: tuple[int, ...] = (2, 1)) -> list[Any]:
    """Return data samples of images with so many instances."""
    size = head.decoder.input_size[0]
    return [encode_sample(head.decoder, random_people(n, size, seed=n)) for n in counts]


def true_candidates(head: DualCenterHead) -> Candidates:
    """Return the poses of ``TWO_PEOPLE`` as candidates, one for each center of each instance."""
    cells = (torch.from_numpy(TWO_PEOPLE) + 0.5) / head.decoder.stride - 0.5
    keypoints = cells.repeat_interleave(2, dim=0)[None]
    empty = torch.zeros(1, 4)
    return Candidates(keypoints, empty, torch.zeros(1, 4, 2, dtype=torch.long), empty[0].long(), empty == 0)
