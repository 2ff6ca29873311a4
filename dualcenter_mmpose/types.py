"""Intermediate results between the head's maps and the final people.

Axis letters: B images, G center groups, M candidates (G times the peaks kept per group), N persons, K keypoints,
H and W cells. Shapes are static: slots without a candidate or a person are marked by ``valid``, never removed.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class DenseMaps(NamedTuple):
    """What the head predicts per cell.

    Attributes:
        heatmaps: (B, K + G, H, W) in the order keypoints, then center groups; values aim at [0, 1].
        displacements: (B, G * 2K, H, W) cells from a cell to each keypoint; center-major, keypoint inside, x before y.
    """

    heatmaps: Tensor
    displacements: Tensor


class Candidates(NamedTuple):
    """Poses read off at center peaks, ungrouped.

    Attributes:
        keypoints: (B, M, K, 2) cells.
        scores: (B, M) center heat in [0, 1]; 0 where not valid.
        cells: (B, M, 2) integer (x, y) of the peak.
        center_ids: (M,) index of the center group that each slot belongs to.
        valid: (B, M) bool.
    """

    keypoints: Tensor
    scores: Tensor
    cells: Tensor
    center_ids: Tensor
    valid: Tensor


class Judgement(NamedTuple):
    """What the pose-level networks say of candidates; ``None`` where there is no such network.

    Attributes:
        confidences: (B, M) in [0, 1].
        embeddings: (B, M, E) of length 1.
        refined: (B, M, K, 2) cells.
    """

    confidences: Tensor | None = None
    embeddings: Tensor | None = None
    refined: Tensor | None = None


class Groups(NamedTuple):
    """Which candidates are one person.

    Attributes:
        representatives: (B, M) index of the representative of each candidate's group.
        is_representative: (B, M) bool, False where the candidate is not valid.
    """

    representatives: Tensor
    is_representative: Tensor


class People(NamedTuple):
    """Persons of a batch, best first.

    Attributes:
        keypoints: (B, N, K, 2) cells (input px once the codec has converted them).
        keypoint_scores: (B, N, K) in (0, 1].
        scores: (B, N) in [0, 1]; 0 where not valid.
        valid: (B, N) bool; valid slots come first.
    """

    keypoints: Tensor
    keypoint_scores: Tensor
    scores: Tensor
    valid: Tensor
