"""Heatmaps and tags -> instances.

Axis letters: B images, K keypoints, L tag dimensions (2 with a mirrored view), N instances,
H and W cells of the maps that are decoded, input pixels as a rule. Cells are (x, y).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from dualcenter_mmpose.baselines.tag_candidates import TagCandidates, find_tag_candidates
from dualcenter_mmpose.baselines.tag_grouping import group_by_tags
from dualcenter_mmpose.types import PredictedInstances


@dataclass(frozen=True)
class TagDecoding:
    """How instances are read off.

    Attributes:
        stride: of the maps that are decoded, input px; both resolutions are resized to it and averaged. 1 as in the
            papers; 2 takes a quarter of the time and memory.
        peak_kernel: side of the window in which a peak is the highest cell, odd.
        max_candidates: peaks kept per keypoint.
        keypoint_thr: peaks need a higher heatmap value.
        tag_thr: largest distance of a keypoint's tag to its instance's.
        max_people: best instances kept per image.

    Source:
        Values: MMPose's associative embedding, and HigherHRNet (arXiv 1908.10357), section 3, for the resizing.
    """

    stride: int = 1
    peak_kernel: int = 5
    max_candidates: int = 30
    keypoint_thr: float = 0.1
    tag_thr: float = 1.0
    max_people: int = 30

    def __post_init__(self) -> None:
        """Check the values."""
        for name in ('stride', 'max_candidates', 'max_people'):
            if getattr(self, name) < 1:
                raise ValueError(f'{name} must be at least 1, got {getattr(self, name)}')
        if self.peak_kernel < 1 or self.peak_kernel % 2 == 0:
            raise ValueError(f'peak_kernel must be a positive odd number, got {self.peak_kernel}')


class TaggedInstances(NamedTuple):
    """GroundTruthInstances of one image, best first.

    Attributes:
        keypoints: (N, K, 2) cells.
        keypoint_scores: (N, K) heatmap values, in [0, 1] as far as the network keeps to it, never negative.
        scores: (N,) mean heatmap value of the keypoints that were grouped; missing ones count 0.
    """

    keypoints: Tensor
    keypoint_scores: Tensor
    scores: Tensor


def decode_tagged_instances(
    heatmaps: Tensor, tags: Tensor, order: Sequence[int], options: TagDecoding
) -> PredictedInstances:
    """Return the instances of a batch, keypoints in cells, on the maps' device.

    Args:
        heatmaps: (B, K, H, W).
        tags: (B, L, K, H, W).
        order: the keypoint indices in the order of grouping.
        options: see there.
    """
    candidates = find_tag_candidates(heatmaps, tags, options.peak_kernel, options.max_candidates)
    found = TagCandidates(*(values.cpu() for values in candidates))  # one wait for the device
    images = [
        _decode_image(TagCandidates(*(values[i] for values in found)), heatmaps[i], tags[i], order, options)
        for i in range(len(heatmaps))
    ]
    return stack_instances(images)


def _decode_image(
    candidates: TagCandidates, heatmaps: Tensor, tags: Tensor, order: Sequence[int], options: TagDecoding
) -> TaggedInstances:
    """Return the instances of one image: ``candidates`` on the host, maps (K, H, W) and (L, K, H, W)."""
    arrays = candidates.scores.numpy(), candidates.tags.numpy(), candidates.cells.numpy()
    groups = group_by_tags(*arrays, order, options.keypoint_thr, options.tag_thr)
    cells = torch.from_numpy(groups.cells).to(heatmaps.device)
    keypoint_scores = torch.from_numpy(groups.scores).to(heatmaps)
    scores = keypoint_scores.mean(dim=1)
    best = scores.argsort(descending=True, stable=True)[: options.max_people]
    cells, keypoint_scores = fill_missing(cells[best], keypoint_scores[best], heatmaps, tags)
    return TaggedInstances(move_a_quarter(cells, heatmaps), keypoint_scores.clamp(min=0), scores[best])


def stack_instances(images: Sequence[TaggedInstances]) -> PredictedInstances:
    """Return the instances of a batch, padded to the same number, from those of each image."""
    keypoints, keypoint_scores, scores = (pad_sequence(list(values), batch_first=True) for values in zip(*images))
    counts = torch.tensor([len(one.scores) for one in images], device=scores.device)
    slots = torch.arange(scores.shape[1], device=scores.device)
    return PredictedInstances(keypoints, keypoint_scores, scores, valid=slots < counts[:, None])


def fill_missing(cells: Tensor, scores: Tensor, heatmaps: Tensor, tags: Tensor) -> tuple[Tensor, Tensor]:
    """Return cells and scores with every missing keypoint put where an instance's tag and the heatmap point to.

    Of the cells whose tag is nearest to the instance's mean tag, distances rounded, the one with the highest value.

    Args:
        cells: (N, K, 2) integer.
        scores: (N, K); not above 0 where missing.
        heatmaps: (K, H, W).
        tags: (L, K, H, W).

    Source:
        HigherHRNet's test, after Associative Embedding; MMPose's rule.
    """
    width = heatmaps.shape[-1]
    found = scores > 0
    indices = cells[..., 1] * width + cells[..., 0]
    read = tags.flatten(2).gather(2, indices.T[None].expand(len(tags), -1, -1))  # (L, K, N)
    means = (read * found.T).sum(dim=1) / found.sum(dim=1).clamp(min=1)  # (L, N)
    cells, scores = cells.clone(), scores.clone()
    for keypoint in range(len(heatmaps)):
        missing = (~found[:, keypoint]).nonzero()[:, 0]
        if not len(missing):
            continue
        costs = _tag_distances(tags[:, keypoint], means[:, missing]).round_().mul_(100).sub_(heatmaps[keypoint])
        # The least of each row first: several times as fast as argmin over a whole map.
        y = costs.amin(dim=2).argmin(dim=1)
        x = costs[torch.arange(len(missing), device=cells.device), y].argmin(dim=1)
        cells[missing, keypoint] = torch.stack((x, y), dim=1)
        scores[missing, keypoint] = heatmaps[keypoint, y, x]
    return cells, scores


def _tag_distances(tags: Tensor, means: Tensor) -> Tensor:
    """Return (N, H, W) distances between the tags (L, H, W) of a map and instances' tags (L, N)."""
    differences = tags[:, None] - means[..., None, None]
    return differences[0].abs_() if len(tags) == 1 else differences.square_().sum(dim=0).sqrt_()


def move_a_quarter(cells: Tensor, heatmaps: Tensor) -> Tensor:
    """Return cells moved by a quarter towards the higher of the two neighbours, in x and in y; not at the border.

    Args:
        cells: (N, K, 2) integer.
        heatmaps: (K, H, W).
    """
    height, width = heatmaps.shape[-2:]
    keypoints = torch.arange(len(heatmaps), device=cells.device)
    x, y = cells.unbind(dim=-1)

    def value(at_x: Tensor, at_y: Tensor) -> Tensor:
        return heatmaps[keypoints, at_y.clamp(0, height - 1), at_x.clamp(0, width - 1)]

    right = (value(x + 1, y) - value(x - 1, y)).sign() * ((x > 0) & (x < width - 1))
    down = (value(x, y + 1) - value(x, y - 1)).sign() * ((y > 0) & (y < height - 1))
    return cells + 0.25 * torch.stack((right, down), dim=-1)
