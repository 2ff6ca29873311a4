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


class PoseNetOutputs(NamedTuple):
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


class PredictedInstances(NamedTuple):
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


class Centers(NamedTuple):
    """Centers of a batch.

    Attributes:
        points: (B, N, G, 2) same space as the keypoints; 0 where not valid.
        valid: (B, N, G) bool.
    """

    points: Tensor
    valid: Tensor


class GroundTruthInstances(NamedTuple):
    """Annotated persons of a batch, padded to the same number.

    Attributes:
        keypoints: (B, N, K, 2) cells.
        labelled: (B, N, K) bool, False for unlabelled keypoints and for padding.
        areas: (B, N) cells^2, annotation area.
        box_centers: (B, N, 2) cells, middle of the annotated box.
        valid_mask: (B, H, W) bool, False in regions of unlabelled people.
        pseudo_centers: (B, N, G, 3) cells (x, y) and 1 where a person with only a box has a presumed center; ``None``
            where the codec presumes none.
    """

    keypoints: Tensor
    labelled: Tensor
    areas: Tensor
    box_centers: Tensor
    valid_mask: Tensor
    pseudo_centers: Tensor | None = None


class KeypointTargets(NamedTuple):
    """Targets of the keypoint heatmaps; the same for every scale.

    Attributes:
        heatmaps: (B, K, H, W) in [0, 1].
        heatmap_weights: (B, K, H, W); 0 where masked.
    """

    heatmaps: Tensor
    heatmap_weights: Tensor


class DenseTargets(NamedTuple):
    """All targets of a batch; layouts as in :class:`~dualcenter_mmpose.types.DenseMaps`.

    Attributes:
        heatmaps: (B, K + G, H, W) in [0, 1].
        heatmap_weights: (B, K + G, H, W); 0 where masked or ignored.
        displacements: (B, G * 2K, H, W) cells; 0 where not supervised.
        displacement_weights: (B, G * 2K, H, W) 1 / person diagonal in cells; 0 where not supervised.
    """

    heatmaps: Tensor
    heatmap_weights: Tensor
    displacements: Tensor
    displacement_weights: Tensor


class TrainingCandidates(NamedTuple):
    """Poses to learn from.

    Attributes:
        keypoints: (B, M, K, 2) cells.
        cells: (B, M, 2) integer (x, y) of the center that each was read at.
        valid: (B, M) bool.
    """

    keypoints: Tensor
    cells: Tensor
    valid: Tensor


class PoseTargets(NamedTuple):
    """Targets of candidates.

    Attributes:
        oks: (B, M) with the labelled person of highest OKS; 0 where there is none.
        identities: (B, M) index of that person; -1 where its OKS is below the threshold or the candidate is not valid.
        keypoints: (B, M, K, 2) cells, that person's.
        labelled: (B, M, K) bool, that person's.
        oks_known: (B, M) bool, whether the candidate's OKS says how good it is: not on regions of unlabelled people,
            where a low OKS may only mean that nobody labelled the person.
    """

    oks: Tensor
    identities: Tensor
    keypoints: Tensor
    labelled: Tensor
    oks_known: Tensor
