"""Keypoints with tags -> instances, one kind of keypoint after the other. Pure numpy.

Axis letters: K keypoints, M candidates of a keypoint, L tag dimensions, N instances.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from munkres import Munkres

from dualcenter_mmpose.keypoints.layout import KeypointLayout

FORBIDDEN = 1e10
"""Cost of leaving a candidate without an instance, where there are more candidates than instances."""


class TagGroups(NamedTuple):
    """GroundTruthInstances of one image.

    Attributes:
        cells: (N, K, 2) integer (x, y); 0 where missing.
        scores: (N, K) heatmap values of the keypoints; 0 where missing.
    """

    cells: np.ndarray
    scores: np.ndarray


def usual_order(layout: KeypointLayout) -> list[int]:
    """Return the keypoints in the order in which they are grouped: head, shoulders, hips, then the limbs.

    GroundTruthInstances start at what is easiest to find.

    Source:
        MMPose's associative embedding on COCO, ``decode_keypoint_order``; the rule also serves other keypoint sets.
    """
    trunk = layout.head_keypoints() + [name for pair in layout.torso_pairs() for name in pair]
    first = [layout.index(name) for name in trunk]
    return first + [idx for idx in range(layout.num_keypoints) if idx not in first]


def group_by_tags(
    scores: np.ndarray,
    tags: np.ndarray,
    cells: np.ndarray,
    order: Sequence[int],
    keypoint_thr: float,
    tag_thr: float,
) -> TagGroups:
    """Return the instances of one image, in the order in which they were opened.

    The candidates of each keypoint are assigned to the instances so far at least cost, 100 times the rounded distance
    to the instance's mean tag less the candidate's heatmap value; a candidate further than ``tag_thr`` from its
    instance opens a new one. Rounding makes ties, which the solver breaks: it is the one MMPose uses, on the same
    matrix, so that instances are the same.

    Args:
        scores: (K, M) heatmap values.
        tags: (K, M, L).
        cells: (K, M, 2) integer (x, y).
        order: the K keypoint indices in the order of grouping.
        keypoint_thr: candidates need a higher heatmap value.
        tag_thr: largest distance of a keypoint's tag to its instance's.

    Source:
        Associative Embedding (arXiv 1611.05424), section 3.3; gives what ``mmpose.codecs.associative_embedding`` gives.
    """
    instances = _OpenInstances(len(order), tags.shape[2])
    for keypoint in order:
        kept = np.flatnonzero(scores[keypoint] > keypoint_thr)
        if not len(kept):
            continue
        assigned = instances.nearest(scores[keypoint, kept], tags[keypoint, kept], tag_thr)
        for candidate, instance in zip(kept, assigned):
            values = keypoint, cells[keypoint, candidate], scores[keypoint, candidate], tags[keypoint, candidate]
            if instance < 0:
                instances.open(*values)
            else:
                instances.add(instance, *values)
    return instances.as_groups()


class _OpenInstances:
    """GroundTruthInstances while they are put together."""

    def __init__(self, num_keypoints: int, num_tags: int) -> None:
        self.num_keypoints = num_keypoints
        self.index_of: dict[float, int] = {}
        self.cells: list[np.ndarray] = []
        self.scores: list[np.ndarray] = []
        self.tag_sums = np.zeros((0, num_tags), np.float32)
        self.counts = np.zeros((0, 1), np.float32)

    def nearest(self, scores: np.ndarray, tags: np.ndarray, tag_thr: float) -> list[int]:
        """Return the instance that each candidate of one keypoint belongs to, -1 for a new one."""
        num_open = len(self.cells)
        if not num_open:
            return [-1] * len(scores)
        means = self.tag_sums / self.counts
        distances = np.linalg.norm(tags.astype(np.float64)[:, None] - means[None], ord=2, axis=2)
        costs = np.round(distances) * 100 - scores.astype(np.float64)[:, None]
        missing = max(len(scores) - num_open, 0)
        costs = np.pad(costs, ((0, 0), (0, missing)), constant_values=FORBIDDEN)
        pairs = Munkres().compute(costs.tolist())
        return [
            instance if instance < num_open and distances[candidate, instance] < tag_thr else -1
            for candidate, instance in sorted(pairs)
        ]

    def open(self, keypoint: int, cell: np.ndarray, score: float, tag: np.ndarray) -> None:
        """Start an instance; one that started with the very same tag is taken up again, its tag starts afresh."""
        key = float(tag[0])
        instance = self.index_of.setdefault(key, len(self.cells))
        if instance == len(self.cells):
            self.cells.append(np.zeros((self.num_keypoints, 2), np.int64))
            self.scores.append(np.zeros(self.num_keypoints, np.float32))
            self.tag_sums = np.concatenate((self.tag_sums, tag[None].astype(np.float32)))
            self.counts = np.concatenate((self.counts, np.ones((1, 1), np.float32)))
        self.tag_sums[instance], self.counts[instance] = tag, 1
        self.cells[instance][keypoint], self.scores[instance][keypoint] = cell, score

    def add(self, instance: int, keypoint: int, cell: np.ndarray, score: float, tag: np.ndarray) -> None:
        """Give an instance a keypoint."""
        self.cells[instance][keypoint], self.scores[instance][keypoint] = cell, score
        self.tag_sums[instance] += tag
        self.counts[instance] += 1

    def as_groups(self) -> TagGroups:
        shape = (len(self.cells), self.num_keypoints)
        return TagGroups(
            np.array(self.cells, np.int64).reshape(*shape, 2), np.array(self.scores, np.float32).reshape(shape)
        )
